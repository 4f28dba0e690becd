// Package search holds the search attributes by which an operator finds loads in the Temporal UI. They
// are ids, days and names of steps and tables, never anything about a person: everyone who sees the UI sees them.
package search

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

// Search attributes of loads, rollbacks and backfills.
var (
	RunID        = temporal.NewSearchAttributeKeyKeyword("EtlRunId")
	From         = temporal.NewSearchAttributeKeyTime("EtlIntervalFrom") // the start of the first day
	To           = temporal.NewSearchAttributeKeyTime("EtlIntervalTo")   // the end of the last day
	Trigger      = temporal.NewSearchAttributeKeyKeyword("EtlTrigger")   // manual, schedule or backfill
	Step         = temporal.NewSearchAttributeKeyKeyword("EtlStep")      // where it is, or where it has ended
	FailedTables = temporal.NewSearchAttributeKeyKeywordList("EtlFailedTables")
)

// keys are all of them, in the order they are named.
var keys = []temporal.SearchAttributeKey{RunID, From, To, Trigger, Step, FailedTables}

// MissingError tells of search attributes without which a namespace takes no load.
type MissingError struct {
	Namespace string
	Keys      []temporal.SearchAttributeKey
}

func (e *MissingError) Error() string {
	var names, create strings.Builder
	for _, key := range e.Keys {
		fmt.Fprintf(&names, " %s", key.GetName())
		fmt.Fprintf(&create, " --name %s --type %s", key.GetName(), key.GetValueType())
	}
	return fmt.Sprintf("namespace %s has no search attributes%s: `temporal operator search-attribute create --namespace %s%s` makes them",
		e.Namespace, &names, e.Namespace, &create)
}

// Check returns a *MissingError when a namespace lacks search attributes.
func Check(ctx context.Context, c client.Client, namespace string) error {
	found, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("list the search attributes of namespace %s: %w", namespace, err)
	}
	missing := slices.DeleteFunc(slices.Clone(keys), func(key temporal.SearchAttributeKey) bool {
		return found.GetCustomAttributes()[key.GetName()] == key.GetValueType()
	})
	if len(missing) > 0 {
		return &MissingError{Namespace: namespace, Keys: missing}
	}
	return nil
}

// lookEvery is how often a server is asked whether it sees what it has made.
const lookEvery = 100 * time.Millisecond

// Ensure makes the search attributes that a namespace lacks, and returns when they can be used, which the server
// allows a moment after it has made them.
func Ensure(ctx context.Context, c client.Client, namespace string) error {
	err := Check(ctx, c, namespace)
	var missing *MissingError
	if errors.As(err, &missing) {
		err = create(ctx, c, missing)
	}
	if err != nil {
		return err
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		err := usable(ctx, c, namespace)
		var unknown *serviceerror.InvalidArgument
		if !errors.As(err, &unknown) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-look.C:
		}
	}
}

func create(ctx context.Context, c client.Client, missing *MissingError) error {
	request := &operatorservice.AddSearchAttributesRequest{
		Namespace: missing.Namespace, SearchAttributes: map[string]enums.IndexedValueType{},
	}
	for _, key := range missing.Keys {
		request.SearchAttributes[key.GetName()] = key.GetValueType()
	}
	if _, err := c.OperatorService().AddSearchAttributes(ctx, request); err != nil {
		return fmt.Errorf("%w, and this account cannot: %w", missing, err)
	}
	return nil
}

// usable asks for nothing by every search attribute.
func usable(ctx context.Context, c client.Client, namespace string) error {
	query := "WorkflowId = ''"
	for _, key := range keys {
		query += " and " + key.GetName() + " is null"
	}
	_, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: namespace, Query: query})
	return err
}

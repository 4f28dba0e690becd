package api

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"mercado/internal/auth"
	"mercado/internal/lake"
)

// lakeCredentials gives access to the lake's files, for a while.
func (a *API) lakeCredentials() {
	register(a, operation{
		id: "create-lake-credentials", method: http.MethodPost, path: "/api/lake/credentials",
		summary: "Get credentials for the lake's files", tag: "lake", status: http.StatusCreated,
		about: "They are for any program that speaks S3, last as long as they say, and give the rights of a role: a data engineer reads and writes " +
			"all zones; a data scientist reads gold and work and writes in work, beside what runs have made there; an analyst reads gold. " +
			"You may ask for the rights of a role you hold; an operator holds all of these.",
		permission: auth.LakeCredentials, problems: []code{forbidden},
	}, a.createLakeCredentials)
}

// LakeCredentialsRequest is what one may ask for.
type LakeCredentialsRequest struct {
	Role    auth.Role `json:"role,omitempty" enum:"data_engineer,data_scientist,bi_analyst" doc:"By default the first of these that you hold."`
	Minutes int64     `json:"minutes,omitempty" minimum:"15" maximum:"720" doc:"How long they last, by default an hour."`
}

type lakeCredentialsInput struct {
	Body LakeCredentialsRequest
}

// LakeCredentials give access to the lake's files.
type LakeCredentials struct {
	Role         auth.Role         `json:"role"`
	AccessKey    string            `json:"access_key"`
	SecretKey    string            `json:"secret_key"`
	SessionToken string            `json:"session_token"`
	ExpiresAt    time.Time         `json:"expires_at"`
	Endpoint     string            `json:"endpoint"`
	Region       string            `json:"region"`
	Buckets      map[string]string `json:"buckets" doc:"The bucket of each zone, whether the role may use it or not."`
}

type lakeCredentialsOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         LakeCredentials
}

// lakeRoles have rights in the lake, those with most of them first.
var lakeRoles = []auth.Role{auth.DataEngineer, auth.DataScientist, auth.BIAnalyst}

const defaultCredentials = time.Hour

func (a *API) createLakeCredentials(ctx context.Context, in *lakeCredentialsInput) (*lakeCredentialsOutput, error) {
	principal := principalOf(ctx)
	mine := slices.DeleteFunc(slices.Clone(lakeRoles), func(role auth.Role) bool {
		return !principal.Has(role) && !principal.Has(auth.Admin)
	})
	role := mine[0] // nobody without one has the permission
	if in.Body.Role != "" {
		role = in.Body.Role
	}
	if !slices.Contains(mine, role) {
		return nil, problem(forbidden)
	}
	validity := defaultCredentials
	if in.Body.Minutes > 0 {
		validity = time.Duration(in.Body.Minutes) * time.Minute
	}
	given, err := lake.Assume(ctx, a.Objects, string(role), validity)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		// The store is away, or its accounts have not been made: nothing that the caller could mend.
		slog.ErrorContext(ctx, "no credentials for the lake", "role", role, "error", err)
		return nil, problem(unavailable)
	}
	answer := LakeCredentials{
		Role: role, AccessKey: given.AccessKey, SecretKey: given.SecretKey, SessionToken: given.SessionToken,
		ExpiresAt: given.ExpiresAt, Endpoint: a.Objects.Endpoint, Region: a.Objects.Region, Buckets: map[string]string{},
	}
	for _, zone := range lake.Zones {
		answer.Buckets[string(zone)] = a.Objects.BucketPrefix + string(zone)
	}
	return &lakeCredentialsOutput{CacheControl: "no-store", Body: answer}, nil
}

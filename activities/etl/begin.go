package etl

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/internal/store/shopdb"
)

// BeginRequest says which execution of which run begins, and where.
type BeginRequest struct {
	Run        Run       `json:"run"`
	From       Step      `json:"from"`               // Extract, or the step that a replay begins with
	Trigger    string    `json:"trigger"`            // manual, schedule or backfill
	Backfill   string    `json:"backfill,omitempty"` // BackfillName of the one it is part of
	WorkflowID string    `json:"workflow_id"`
	At         time.Time `json:"at"`
}

// zoneOf is the zone a step writes.
var zoneOf = map[Step]lake.Zone{Extract: lake.Raw, Clean: lake.Clean, Work: lake.Work, Gold: lake.Gold}

// Begin records that an execution has begun and plans its steps. While maintenance holds runs the plan
// says so and nothing else: the execution is on record, and waits.
func (a *Activities) Begin(ctx context.Context, request BeginRequest) (*Plan, error) {
	plan, err := a.plan(ctx, request)
	if err != nil {
		return nil, classify(err)
	}
	return plan, nil
}

func (a *Activities) plan(ctx context.Context, request BeginRequest) (*Plan, error) {
	if request.From.At() < 0 || request.Run.Interval.Len() <= 0 {
		return nil, &BadRequest{Problem: fmt.Sprintf("%s cannot begin with step %q", request.Run, request.From)}
	}
	plan := &Plan{Waves: map[Step][][]string{}, Executions: map[lake.Zone]int{}}
	for _, step := range []Step{Clean, Work, Gold} {
		for _, wave := range a.Models.Waves(zoneOf[step]) {
			var tables []string
			for _, model := range wave {
				if request.Run.makes(model) {
					tables = append(tables, model.Name)
				}
			}
			if len(tables) > 0 {
				plan.Waves[step] = append(plan.Waves[step], tables)
			}
		}
	}
	for _, model := range a.models(lake.Gold, request.Run) {
		plan.Gold = append(plan.Gold, model.Name)
	}
	if err := a.inherit(ctx, request, plan); err != nil {
		return nil, err
	}
	return plan, a.recordPlan(ctx, request, plan)
}

// recordPlan records that the execution has begun. A replay does not wait for a shop that is away: it
// reads nothing of it, and is recorded before it publishes.
func (a *Activities) recordPlan(ctx context.Context, request BeginRequest, plan *Plan) error {
	patience := ctx
	if request.From != Extract {
		var cancel context.CancelFunc
		patience, cancel = context.WithTimeout(ctx, replayPatience)
		defer cancel()
	}
	attempt, waitsFor, err := a.recordBegin(patience, request)
	if err != nil && request.From != Extract && !is[*BadRequest](err) && ctx.Err() == nil {
		slog.WarnContext(ctx, "replay not recorded yet: the shop's database is away", "run", request.Run.ID, "error", err)
		plan.Unrecorded = true
		return nil
	}
	plan.Attempt, plan.WaitsFor = attempt, waitsFor
	return err
}

// replayPatience bounds what a replay waits for the shop before it goes on without it.
const replayPatience = 5 * time.Second

// Record records that an execution has begun whose beginning could not be, and returns which of the
// runs of its interval it is. It is refused when maintenance has been at work since: what the
// execution has read may have been another thing, and what it has made is removed.
func (a *Activities) Record(ctx context.Context, request BeginRequest) (attempt int, err error) {
	err = a.Shop.InTx(ctx, func(queries *shopdb.Queries) (err error) {
		var held string
		if attempt, held, err = a.numberLate(ctx, queries, request); err != nil {
			return err
		}
		if held != "" {
			return &BadRequest{Problem: fmt.Sprintf(
				"%s began while the shop was away, and the %s has come in between: replay it again", request.Run, held)}
		}
		_, err = queries.HoldRun(ctx, request.Run.ID)
		return err
	})
	if err != nil {
		return 0, classify(fmt.Errorf("record %s: %w", request.Run, err))
	}
	return attempt, nil
}

// numberLate is numberRun of an execution that may have gone on without being on record: nothing has waited for it.
// When maintenance that holds runs has been at work since it began, held names it; what the execution has made is removed,
// so that no later one reads it. It is all done while no maintenance can begin.
func (a *Activities) numberLate(ctx context.Context, queries *shopdb.Queries, request BeginRequest) (attempt int, held string, err error) {
	if err := queries.LockRuns(ctx); err != nil {
		return 0, "", err
	}
	known, err := queries.RunByID(ctx, request.Run.ID)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, "", err
	}
	recorded := err == nil && int(known.Execution) == request.Run.Execution &&
		known.ExecutionStartedAt.Equal(request.At.Truncate(time.Microsecond)) // as Postgres keeps it
	attempt, err = a.numberRun(ctx, queries, request)
	if err != nil || recorded || request.From == Extract {
		return attempt, "", err
	}
	held, err = queries.HeldSince(ctx, request.At)
	if errors.Is(err, pgx.ErrNoRows) {
		return attempt, "", nil
	}
	if err == nil {
		err = a.takeBack(ctx, request.Run)
	}
	return attempt, held, err
}

// takeBack removes what an execution has made: first what names files, then the files of its own. What a try
// that died has left is named by nothing, and goes with the next prune.
func (a *Activities) takeBack(ctx context.Context, run Run) error {
	for _, step := range []Step{Clean, Work, Gold} {
		zone := zoneOf[step]
		var naming, parts []string
		for _, m := range a.models(zone, run) {
			made := output(run, map[lake.Zone]int{zone: run.Execution}, m.Table)
			manifest, err := a.Store.Committed(ctx, made)
			if err != nil && !is[*lake.ObjectError](err) { // one that cannot be read goes without its files
				return err
			}
			naming = append(naming, made.ManifestKey())
			if manifest == nil || err != nil {
				continue
			}
			for _, part := range slices.Concat(manifest.Parts, manifest.Quarantine) {
				if lake.ParseKey(part.Key).Execution == run.Execution { // not one that it took over
					parts = append(parts, part.Key)
				}
			}
		}
		if zone == lake.Gold {
			naming = append(naming, lake.HistoryKey(run.ID.String(), run.Execution))
		}
		for _, keys := range [][]string{naming, parts} {
			if len(keys) == 0 {
				continue
			}
			if err := a.Store.Remove(ctx, zone, keys); err != nil {
				return fmt.Errorf("take back what %s has made: %w", run, err)
			}
		}
	}
	return nil
}

// inherit finds what the execution reads of the zones before the step that it begins with: of the
// last of them, what the last execution made that completed it; of those before, what that was
// made from.
func (a *Activities) inherit(ctx context.Context, request BeginRequest, plan *Plan) error {
	plan.Executions[lake.Raw], plan.Executions[model.Published] = 1, request.Run.Execution
	for _, step := range []Step{Clean, Work, Gold} {
		plan.Executions[zoneOf[step]] = request.Run.Execution
	}
	if request.From == Extract {
		return nil
	}
	frozen, err := a.Store.Frozen(ctx, request.Run.ID.String())
	if err != nil {
		return err
	}
	if frozen == nil && a.isGivenUp(ctx, request.Run) {
		return givenUp(request.Run)
	}
	if frozen == nil {
		return &BadRequest{Problem: fmt.Sprintf("%s never finished its extract, so there is nothing to replay: start a new run of these days", request.Run)}
	}
	// A worker that died may have frozen the extract without the manifests that follow from it.
	if _, err := a.Store.Freeze(ctx, frozen); err != nil {
		return err
	}
	// A replay reads what was published as the execution did that it replays, unless its models read more.
	var published []string
	for _, m := range a.Models.Published() {
		published = append(published, m.Name)
	}
	earlier, err := a.lastHistory(ctx, request.Run, published...)
	if err != nil {
		return err
	}
	if earlier > 0 {
		plan.Executions[model.Published] = earlier
	}
	before := []Step{Clean, Work, Gold}[:min(request.From.At(), Stage.At())-Clean.At()]
	if len(before) == 0 {
		return nil
	}
	last := before[len(before)-1]
	plan.Executions[zoneOf[last]], err = a.lastComplete(ctx, request.Run, zoneOf[last])
	if err != nil {
		return err
	}
	if plan.Executions[zoneOf[last]] == 0 {
		return &BadRequest{Problem: fmt.Sprintf("%s never completed zone %s: replay it from %s or earlier", request.Run, zoneOf[last], last)}
	}
	for _, step := range slices.Backward(before) {
		for _, m := range a.models(zoneOf[step], request.Run) {
			manifest, err := a.Store.Manifest(ctx, output(request.Run, plan.Executions, m.Table))
			if err != nil {
				return err
			}
			for _, input := range manifest.Inputs {
				plan.Executions[input.Zone] = input.Execution
			}
		}
	}
	return nil
}

func (a *Activities) lastComplete(ctx context.Context, run Run, zone lake.Zone) (int, error) {
	for execution := run.Execution - 1; execution > 0; execution-- {
		complete := true
		for _, m := range a.models(zone, run) {
			manifest, err := a.Store.Committed(ctx, output(run, map[lake.Zone]int{zone: execution}, m.Table))
			if err != nil {
				return 0, err
			}
			if manifest == nil {
				complete = false
				break
			}
		}
		if complete {
			return execution, nil
		}
	}
	return 0, nil
}

// recordBegin also tells what keeps the execution from its first step, "" for nothing.
func (a *Activities) recordBegin(ctx context.Context, request BeginRequest) (attempt int, waitsFor string, err error) {
	err = a.Shop.InTx(ctx, func(queries *shopdb.Queries) (err error) {
		if attempt, err = a.numberRun(ctx, queries, request); err != nil {
			return err
		}
		held, err := queries.HoldRun(ctx, request.Run.ID)
		if held != nil {
			waitsFor = *held
		}
		return err
	})
	if err != nil {
		return 0, "", fmt.Errorf("record %s: %w", request.Run, err)
	}
	return attempt, waitsFor, nil
}

// numberRun writes the run as running, and returns which of the runs of its interval it is. An
// execution that a later one has overtaken is a *BadRequest.
func (a *Activities) numberRun(ctx context.Context, queries *shopdb.Queries, request BeginRequest) (int, error) {
	if err := queries.LockRuns(ctx); err != nil {
		return 0, err
	}
	var backfill *string
	if request.Backfill != "" {
		backfill = &request.Backfill
	}
	attempt, err := queries.BeginRun(ctx, shopdb.BeginRunParams{
		ID:           request.Run.ID,
		IntervalFrom: request.Run.Interval.From.Time(),
		IntervalTo:   request.Run.Interval.To.Time(),
		Trigger:      request.Trigger,
		Backfill:     backfill,
		FactsOnly:    request.Run.FactsOnly,
		WorkflowID:   request.WorkflowID,
		ModelVersion: a.Models.Version(),

		Execution: int32(request.Run.Execution), ExecutionStartedAt: request.At,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = overtaken(request.Run)
		if known, lookErr := queries.RunByID(ctx, request.Run.ID); lookErr == nil && known.PrunedAt != nil {
			err = givenUp(request.Run)
		}
	}
	return int(attempt), err
}

// givenUp tells that a run cannot be replayed, and what to do instead.
func givenUp(run Run) error {
	return &BadRequest{Problem: fmt.Sprintf("the files of %s are removed, because it is older than is kept: load its days again as a new run. "+
		"That copies customers, products and what else is copied whole as they are by now; as they were then they cannot be rebuilt", run)}
}

// isGivenUp tells whether the shop says that the run's files are removed. A shop that is away does not.
func (a *Activities) isGivenUp(ctx context.Context, run Run) bool {
	ctx, cancel := context.WithTimeout(ctx, replayPatience)
	defer cancel()
	known, err := a.Shop.RunByID(ctx, run.ID)
	return err == nil && known.PrunedAt != nil
}

func overtaken(run Run) error {
	return &BadRequest{Problem: fmt.Sprintf("execution %d of %s is no longer the run's own: it was ended, or replayed since", run.Execution, run)}
}

// current returns a *BadRequest unless this execution is the one that may publish: a step can
// outlive its workflow.
func (a *Activities) current(ctx context.Context, run Run) error {
	current, err := a.Shop.IsCurrent(ctx, shopdb.IsCurrentParams{ID: run.ID, Execution: int32(run.Execution)})
	if err != nil {
		return fmt.Errorf("look whether %s goes on: %w", run, err)
	}
	if !current {
		return overtaken(run)
	}
	return nil
}

// model of a table of a zone.
func (a *Activities) model(zone lake.Zone, table string) (*model.Model, error) {
	found, err := a.Models.Get(model.Table{Zone: zone, Name: table})
	if err != nil {
		return nil, &BadRequest{Problem: err.Error()}
	}
	return found, nil
}

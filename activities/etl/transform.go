package etl

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
	"golang.org/x/sync/errgroup"

	"mercado/internal/lake"
	"mercado/internal/lake/model"
)

// Clean makes a table of zone clean, and its quarantine.
func (a *Activities) Clean(ctx context.Context, step TableStep) (*Report, error) {
	return a.transform(ctx, Clean, step)
}

// Work makes a table of zone work.
func (a *Activities) Work(ctx context.Context, step TableStep) (*Report, error) {
	return a.transform(ctx, Work, step)
}

// Gold makes a table of zone gold.
func (a *Activities) Gold(ctx context.Context, step TableStep) (*Report, error) {
	return a.transform(ctx, Gold, step)
}

func (a *Activities) transform(ctx context.Context, name Step, step TableStep) (*Report, error) {
	report := a.begin(ctx, step.Run, name, step.Table)
	say, stop := beat(ctx)
	defer stop()
	m, err := a.model(zoneOf[name], step.Table)
	if err != nil {
		return a.end(ctx, step.Run, report, err)
	}
	transforming := &transforming{Activities: a, model: m, step: step, say: say, report: report}
	manifest, err := transforming.run(ctx, int(activity.GetInfo(ctx).Attempt))
	if err != nil {
		return a.end(ctx, step.Run, report, err)
	}
	if transforming.adopted {
		report.State = Skipped
	}
	report.RowsIn = transforming.rowsIn
	report.RowsOut = lake.Total(manifest.Parts).Rows
	report.RowsRejected = lake.Total(manifest.Quarantine).Rows
	report.Bytes = manifest.Bytes()
	report.Note = fmt.Sprintf("%d rows in, %d out", report.RowsIn, report.RowsOut)
	if report.RowsRejected > 0 {
		report.Note += fmt.Sprintf(", %d in quarantine %v", report.RowsRejected, manifest.Rules)
	}
	if len(manifest.Warnings) > 0 {
		report.Note += fmt.Sprintf("; warnings %v", manifest.Warnings)
	}
	return a.end(ctx, step.Run, report, nil)
}

// transforming is one model on its way: download, query, write, verify, upload, manifest.
type transforming struct {
	*Activities
	model  *model.Model
	step   TableStep
	say    func(string)
	report *Report
	rowsIn int64

	adopted bool // an earlier execution had made the same
}

func (t *transforming) run(ctx context.Context, try int) (manifest *lake.Manifest, err error) {
	made := output(t.step.Run, t.step.Executions, t.model.Table)
	snapshot, err := t.Store.Snapshot(ctx, made.RunID)
	if err != nil {
		return nil, err
	}
	inputs, err := t.inputs(ctx, snapshot)
	if err != nil {
		return nil, err
	}
	fingerprint := t.fingerprint(snapshot, inputs)
	if manifest, err := t.Store.Committed(ctx, made); err != nil || manifest != nil {
		if err == nil && manifest.Fingerprint != fingerprint {
			err = &BadRequest{Problem: fmt.Sprintf(
				"%s was made by another release, with another model or other settings, before this one came to it: replay the run from %s", made, made.Zone)}
		}
		return manifest, err // an earlier try got this far
	}
	if !t.step.Recompute {
		if manifest, err := t.adopt(ctx, made, fingerprint, inputs); err != nil || manifest != nil {
			return manifest, err
		}
	}
	folder, remove, err := t.scratchFolder(fmt.Sprintf("%s-%s-", made.Zone, made.Table))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()

	job := model.Job{
		Model: t.model, Days: snapshot.Days, Interval: snapshot.Interval, Parameters: snapshot.Parameters,
		Folder: filepath.Join(folder, "out"), Inputs: map[model.Table][]string{},
		Within: map[string]model.Within{}, Described: map[model.Table][]model.Column{},
		// Seconds are of work, not of waiting for other models to end.
		Began: func() { t.report.StartedAt = time.Now().UTC(); t.say("running the model") },
	}
	if err := os.Mkdir(job.Folder, 0o700); err != nil {
		return nil, err
	}
	for i, input := range inputs {
		t.say("downloading " + input.table.String())
		if err := t.download(ctx, input, filepath.Join(folder, fmt.Sprintf("in-%02d", i)), &job); err != nil {
			return nil, err
		}
	}
	t.say("waiting for a turn")
	result, err := t.Engine.Run(ctx, job)
	if err != nil {
		return nil, err
	}
	t.say("uploading")
	manifest = &lake.Manifest{
		Output: made, Model: t.model.Digest, Fingerprint: fingerprint,
		Columns: result.Columns, Control: &result.Control, Rules: result.Rules, Warnings: result.Warnings, Inputs: inputsOf(inputs),
	}
	if err := t.upload(ctx, manifest, result, try); err != nil {
		return nil, err
	}
	return t.Store.Commit(ctx, manifest)
}

// adopt takes for the execution's own what an earlier one has made of the same inputs, if all of it
// still stands; nil when there is no such thing.
func (t *transforming) adopt(ctx context.Context, made lake.Output, fingerprint string, inputs []source) (*lake.Manifest, error) {
	for execution := made.Execution - 1; execution > 0; execution-- {
		earlier := made
		earlier.Execution = execution
		manifest, err := t.Store.Committed(ctx, earlier)
		if err != nil {
			return nil, err
		}
		if manifest == nil || manifest.Fingerprint != fingerprint {
			continue
		}
		t.say(fmt.Sprintf("looking at what execution %d made", execution))
		stands, err := t.stands(ctx, manifest)
		if err != nil {
			return nil, err
		}
		if !stands {
			continue
		}
		t.adopted = true
		manifest.Output, manifest.Inputs = made, inputsOf(inputs)
		return t.Store.Commit(ctx, manifest)
	}
	return nil, nil
}

// lookAtOnce is how many objects are asked for at a time.
const lookAtOnce = 16

// stands tells whether all parts of a manifest are in the store as they were written.
func (t *transforming) stands(ctx context.Context, manifest *lake.Manifest) (bool, error) {
	var missing atomic.Bool
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(lookAtOnce)
	for _, part := range slices.Concat(manifest.Parts, manifest.Quarantine) {
		group.Go(func() error {
			stands, err := t.Store.Stands(ctx, manifest.Zone, part)
			if !stands {
				missing.Store(true)
			}
			return err
		})
	}
	err := group.Wait()
	return !missing.Load(), err
}

func inputsOf(sources []source) []lake.Input {
	inputs := make([]lake.Input, len(sources))
	for i, source := range sources {
		inputs[i] = source.input
	}
	return inputs
}

// source is files of the lake that a model reads as a table, or as some of it.
type source struct {
	table  model.Table
	zone   lake.Zone // where the parts lie
	input  lake.Input
	digest string // of their contents
	parts  []lake.HistoryPart
}

// sourceOf is all that an execution made of a table.
func sourceOf(manifest *lake.Manifest) source {
	source := source{
		table: model.Table{Zone: manifest.Zone, Name: manifest.Table}, zone: manifest.Zone,
		input: lake.Input{Output: manifest.Output, SHA256: manifest.Digest()}, digest: manifest.ContentDigest(),
	}
	for _, part := range manifest.Parts {
		source.parts = append(source.parts, lake.HistoryPart{Part: part})
	}
	return source
}

// inputs are the sources of the tables the model reads.
func (t *transforming) inputs(ctx context.Context, snapshot *lake.Snapshot) ([]source, error) {
	var inputs []source
	for _, table := range t.model.Reads {
		if table.Zone == model.Published {
			sources, err := t.published(ctx, snapshot, table)
			if err != nil {
				return nil, err
			}
			inputs = append(inputs, sources...)
			continue
		}
		manifest, err := t.Store.Manifest(ctx, output(t.step.Run, t.step.Executions, table))
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, sourceOf(manifest))
	}
	for _, input := range inputs {
		if input.table == inputs[0].table { // rows in are those of the first table
			for _, part := range input.parts {
				t.rowsIn += part.Rows
			}
		}
	}
	return inputs, nil
}

// download gives the job the files of a source, in a folder of its own.
func (t *transforming) download(ctx context.Context, source source, folder string, job *model.Job) error {
	if source.table.Zone == model.Published {
		m, err := t.Activities.model(lake.Gold, source.table.Name)
		if err != nil {
			return err
		}
		if m.Subject == "" { // of facts there is the run's own part, which has all columns
			job.Described[source.table] = m.Columns
		}
	}
	if len(source.parts) == 0 {
		return nil
	}
	parts := make([]lake.Part, len(source.parts))
	for i, part := range source.parts {
		parts[i] = part.Part
	}
	files, err := download(ctx, t.Store, source.zone, parts, folder)
	if err != nil {
		return err
	}
	job.Inputs[source.table] = append(job.Inputs[source.table], files...)
	for i, part := range source.parts {
		if len(part.Days) == 0 {
			continue
		}
		m, err := t.Activities.model(lake.Gold, source.table.Name)
		if err != nil {
			return err
		}
		job.Within[files[i]] = model.Within{Column: m.Partition, Days: part.Days}
	}
	return nil
}

// download puts the parts of a table into a folder of its own, each checked against its digest.
func download(ctx context.Context, store *lake.Store, zone lake.Zone, parts []lake.Part, folder string) ([]string, error) {
	if err := os.Mkdir(folder, 0o700); err != nil {
		return nil, err
	}
	files := make([]string, len(parts))
	for i, part := range parts {
		files[i] = filepath.Join(folder, fmt.Sprintf("%05d.parquet", i))
		if err := store.Download(ctx, zone, part, files[i]); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func (t *transforming) upload(ctx context.Context, manifest *lake.Manifest, result *model.Result, try int) error {
	for i, file := range result.Files {
		part, err := t.Store.UploadPart(ctx, manifest.Zone, manifest.PartKey(file.Date, i, try), file.Path, file.Totals)
		if err != nil {
			return err
		}
		manifest.Parts = append(manifest.Parts, part)
	}
	for i, file := range result.Quarantine {
		part, err := t.Store.UploadPart(ctx, manifest.Zone, manifest.QuarantineKey(file.Date, i, try), file.Path, file.Totals)
		if err != nil {
			return err
		}
		manifest.Quarantine = append(manifest.Quarantine, part)
	}
	return nil
}

// fingerprint is a digest of everything that determines the bytes of the output.
func (t *transforming) fingerprint(snapshot *lake.Snapshot, inputs []source) string {
	days, err := json.Marshal(snapshot.Days) // maps are written in the order of their keys
	if err != nil {
		panic(err) // days and subjects always encode
	}
	parameters, err := json.Marshal(snapshot.Parameters)
	if err != nil {
		panic(err) // numbers
	}
	hash := sha256.New()
	fmt.Fprintln(hash, t.model.Digest, t.Engine.Version(), snapshot.Interval.From, snapshot.Interval.To, string(days), string(parameters))
	for _, input := range inputs {
		fmt.Fprintln(hash, input.input.Zone, input.input.Table, input.digest)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

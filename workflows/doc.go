// Package workflows orchestrates: deterministic code that decides what happens next and leaves
// every side effect to an activity.
package workflows

package sandbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// journal keeps every fact on disk, one JSON document a line. Appends that arrive while another
// is being synced share the next sync.
type journal struct {
	file *os.File

	writing sync.Mutex // held while a line is written
	written int64      // lines so far

	syncing sync.Mutex // held while the file is synced
	synced  int64      // lines known to be on disk
}

// openJournal opens the journal in folder and replays it. A last line that a crash cut short was
// never answered, and is removed.
func openJournal(folder string, replay func(fact) error) (*journal, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(folder, "journal.jsonl"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	whole, err := replayLines(file, replay)
	if err == nil {
		err = file.Truncate(whole)
	}
	if err == nil {
		_, err = file.Seek(whole, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("replay journal: %w", err), file.Close())
	}
	return &journal{file: file}, nil
}

// replayLines reads whole lines and returns where the last one ends.
func replayLines(from io.Reader, replay func(fact) error) (int64, error) {
	reader := bufio.NewReader(from)
	var whole int64
	for {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return whole, nil
		}
		if err != nil {
			return 0, err
		}
		var f fact
		if err := json.Unmarshal(bytes.TrimSpace(line), &f); err != nil {
			return 0, fmt.Errorf("at byte %d: %w", whole, err)
		}
		if err := replay(f); err != nil {
			return 0, fmt.Errorf("at byte %d: %w", whole, err)
		}
		whole += int64(len(line))
	}
}

// write puts a fact at the end and returns its number for sync. The caller orders its facts.
func (j *journal) write(f fact) (int64, error) {
	line, err := json.Marshal(f)
	if err != nil {
		return 0, err
	}
	j.writing.Lock()
	defer j.writing.Unlock()
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return 0, fmt.Errorf("write journal: %w", err)
	}
	j.written++
	return j.written, nil
}

// lines is how many have been written since the journal was opened.
func (j *journal) lines() int64 {
	j.writing.Lock()
	defer j.writing.Unlock()
	return j.written
}

// sync returns when the numbered line is on disk.
func (j *journal) sync(number int64) error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	if j.synced >= number {
		return nil
	}
	upTo := j.lines()
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("sync journal: %w", err)
	}
	j.synced = upTo
	return nil
}

func (j *journal) close() error { return j.file.Close() }

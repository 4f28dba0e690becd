package devstack

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// logLimit is the size at which a log file is put aside when its process starts.
const logLimit = 64 << 20

// openLog appends to HOME/logs/NAME.log. A file that has grown large becomes NAME.log.old.
func openLog(home, name string) (*os.File, error) {
	logs, err := folder(home, "logs")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(logs, name+".log")
	if info, err := os.Stat(path); err == nil && info.Size() > logLimit {
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
}

// ChildLog is the log of a child in HOME/logs/NAME.log, whose warnings and errors are also shown,
// each line after the child's name.
func ChildLog(home, name string, shown io.Writer) (io.WriteCloser, error) {
	file, err := openLog(home, name)
	if err != nil {
		return nil, err
	}
	return &childLog{file: file, name: name, shown: shown}, nil
}

type childLog struct {
	file  *os.File
	name  string
	shown io.Writer
	rest  []byte // the beginning of a line that is not complete
}

// Write implements io.Writer. One goroutine writes: the one that copies the child's output.
func (l *childLog) Write(output []byte) (int, error) {
	n, err := l.file.Write(output)
	l.rest = append(l.rest, output...)
	for {
		line, rest, complete := bytes.Cut(l.rest, []byte("\n"))
		if !complete {
			break
		}
		l.show(line)
		l.rest = rest
	}
	return n, err
}

// Close implements io.Closer.
func (l *childLog) Close() error {
	if len(l.rest) > 0 {
		l.show(l.rest)
	}
	return l.file.Close()
}

// show passes on what a person should see: all but the ordinary lines of the structured log.
func (l *childLog) show(line []byte) {
	ordinary := bytes.HasPrefix(line, []byte("time=")) &&
		(bytes.Contains(line, []byte(" level=INFO ")) || bytes.Contains(line, []byte(" level=DEBUG ")))
	if !ordinary {
		_, _ = fmt.Fprintf(l.shown, "%s | %s\n", l.name, line)
	}
}

package devstack

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// FindBinary returns the path of a server program. It looks in the repository's .bin when the
// working folder is in the repository, then in .bin beside the folder of this program, then in PATH.
func FindBinary(name string) (string, error) {
	for _, folder := range binaryFolders() {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return filepath.Abs(path)
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is not installed: run `make servers` in the repository, or put the program into PATH", name)
	}
	return filepath.Abs(path)
}

func binaryFolders() []string {
	var folders []string
	if root, err := RepositoryRoot(); err == nil {
		folders = append(folders, filepath.Join(root, ".bin"))
	}
	if program, err := os.Executable(); err == nil {
		folders = append(folders, filepath.Join(filepath.Dir(program), "..", ".bin"))
	}
	return folders
}

// RepositoryRoot returns the nearest folder, upwards from the working folder, with Mercado's go.mod
// and its sources.
func RepositoryRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "cmd", "mercado", "main.go")); err == nil {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", fmt.Errorf("not inside Mercado's repository")
		}
		folder = parent
	}
}

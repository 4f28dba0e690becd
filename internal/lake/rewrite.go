package lake

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/minio/minio-go/v7"
)

// What is in this file is for erasing a person, the one case in which something in the lake is written over.

// Rewritten is what a part has become, and the sha256 that it had.
type Rewritten struct {
	Part
	Was string
}

// Rewrite puts what parts have become in place of what they were, by their keys, and reports whether there was
// any. What the manifest's output is known by is forgotten: it was made of something else.
func (m *Manifest) Rewrite(rewritten map[string]Rewritten) bool {
	parts, quarantine := rewrite(m.Parts, rewritten), rewrite(m.Quarantine, rewritten)
	if !parts && !quarantine {
		return false
	}
	m.Fingerprint = ""
	return true
}

func rewrite(parts []Part, rewritten map[string]Rewritten) (changed bool) {
	for i, part := range parts {
		if now, is := rewritten[part.Key]; is && now.Was == part.SHA256 {
			parts[i].Size, parts[i].SHA256, parts[i].Rows = now.Size, now.SHA256, now.Rows
			changed = true
		}
	}
	return changed
}

// Rewrite puts what parts have become in place of what they were, and contents in place of those they had by table,
// and reports whether there was any.
func (h *History) Rewrite(rewritten map[string]Rewritten, contents map[string]map[string]string) bool {
	changed := false
	for t := range h.Tables {
		for s := range h.Tables[t].Sources {
			source := &h.Tables[t].Sources[s]
			if now, is := contents[h.Tables[t].Table][source.Content]; is {
				source.Content, changed = now, true
			}
			for p := range source.Parts {
				parts := []Part{source.Parts[p].Part}
				if rewrite(parts, rewritten) {
					source.Parts[p].Part, changed = parts[0], true
				}
			}
		}
	}
	return changed
}

// OverwriteJSON writes value as the object key, whatever is there.
func (s *Store) OverwriteJSON(ctx context.Context, zone Zone, key string, value any) error {
	data := string(encodeJSON(value))
	_, err := s.client.PutObject(ctx, s.Bucket(zone), key, strings.NewReader(data), int64(len(data)), minio.PutObjectOptions{ContentType: "application/json"})
	return s.classify(zone, key, err)
}

// Fetch writes the object key to the file at path, whatever it holds, and returns its sha256.
func (s *Store) Fetch(ctx context.Context, zone Zone, key, path string) (digest string, err error) {
	if err := s.client.FGetObject(ctx, s.Bucket(zone), key, path, minio.GetObjectOptions{}); err != nil {
		return "", s.classify(zone, key, err)
	}
	if _, digest, err = digestFile(path); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return digest, nil
}

// DropOldVersions removes for good what objects below prefix were before, where the bucket keeps versions, and
// what was begun to be uploaded there and never finished. Versions of except stay. It returns how many there were.
func (s *Store) DropOldVersions(ctx context.Context, zone Zone, prefix string, except []string) (dropped int, err error) {
	options := minio.ListObjectsOptions{Prefix: prefix, Recursive: true, WithVersions: true}
	for object := range s.client.ListObjects(ctx, s.Bucket(zone), options) {
		if object.Err != nil {
			return dropped, s.classify(zone, prefix, object.Err)
		}
		if object.IsLatest || slices.Contains(except, object.Key) {
			continue
		}
		err := s.client.RemoveObject(ctx, s.Bucket(zone), object.Key, minio.RemoveObjectOptions{VersionID: object.VersionID})
		if err != nil {
			return dropped, s.classify(zone, object.Key, err)
		}
		dropped++
	}
	// Of a prefix that is no whole key MinIO lists nothing; without one it lists all.
	for upload := range s.client.ListIncompleteUploads(ctx, s.Bucket(zone), "", true) {
		if upload.Err != nil {
			return dropped, s.classify(zone, prefix, upload.Err)
		}
		if !strings.HasPrefix(upload.Key, prefix) {
			continue
		}
		if err := s.client.RemoveIncompleteUpload(ctx, s.Bucket(zone), upload.Key); err != nil {
			return dropped, s.classify(zone, upload.Key, err)
		}
		dropped++
	}
	return dropped, nil
}

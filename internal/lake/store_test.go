package lake_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"mercado/internal/devstack/stacktest"
	"mercado/internal/lake"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

func open(t *testing.T) *lake.Store {
	t.Helper()
	store, err := lake.Open(stacktest.New(t).ObjectStore)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

var someOutput = lake.Output{Zone: lake.Gold, Table: "sales", RunID: "01932b6e-0000-7000-8000-000000000000", Execution: 1}

func TestManifestIsWrittenOnce(t *testing.T) {
	t.Parallel()
	store := open(t)
	if found, err := store.Committed(t.Context(), someOutput); found != nil || err != nil {
		t.Fatalf("there is a manifest before any was written: %v, %v", found, err)
	}
	var winners atomic.Int32
	var group sync.WaitGroup
	stood := make([]*lake.Manifest, 8)
	for i := range stood {
		group.Go(func() {
			mine := &lake.Manifest{Output: someOutput, Parts: []lake.Part{{Key: string(rune('a' + i))}}}
			var err error
			if stood[i], err = store.Commit(t.Context(), mine); err != nil {
				t.Error(err)
			} else if stood[i] == mine {
				winners.Add(1)
			}
		})
	}
	group.Wait()
	if winners.Load() != 1 {
		t.Fatalf("%d tries wrote the manifest", winners.Load())
	}
	for _, manifest := range stood {
		if manifest.Digest() != stood[0].Digest() {
			t.Errorf("tries see different manifests: %v and %v", manifest.Parts, stood[0].Parts)
		}
	}
}

func TestPartIsCheckedAgainstItsManifest(t *testing.T) {
	t.Parallel()
	store := open(t)
	path := filepath.Join(t.TempDir(), "part")
	if err := os.WriteFile(path, []byte("rows"), 0o600); err != nil {
		t.Fatal(err)
	}
	key := someOutput.PartKey("2026-03-01", 0, 1)
	part, err := store.UploadPart(t.Context(), lake.Gold, key, path, lake.Totals{Rows: 4})
	if err != nil || part.Size != 4 || part.SHA256 != lake.Digest([]byte("rows")) {
		t.Fatalf("uploaded %+v, %v", part, err)
	}
	if err := store.Download(t.Context(), lake.Gold, part, filepath.Join(t.TempDir(), "down")); err != nil {
		t.Error(err)
	}
	stands := func(want bool, part lake.Part) {
		t.Helper()
		if is, err := store.Stands(t.Context(), lake.Gold, part); err != nil || is != want {
			t.Errorf("%s stands: %v, %v", part.Key, is, err)
		}
	}
	stands(true, part)
	stands(false, lake.Part{Key: "nowhere", Size: 4, SHA256: part.SHA256})
	stands(false, lake.Part{Key: key, Size: 5, SHA256: part.SHA256})
	if err := os.WriteFile(path, []byte("rowz"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.UploadPart(t.Context(), lake.Gold, key, path, lake.Totals{}); err != nil { // over the first
		t.Fatal(err)
	}
	stands(false, part)
	for name, part := range map[string]lake.Part{"is not what its manifest says": part, "is missing": {Key: "nowhere"}} {
		err := store.Download(t.Context(), lake.Gold, part, filepath.Join(t.TempDir(), "down"))
		var object *lake.ObjectError
		if !errors.As(err, &object) || object.Key != part.Key || !strings.Contains(err.Error(), name) ||
			!strings.Contains(err.Error(), "replay the run from gold") {
			t.Errorf("downloaded %s: %v", part.Key, err)
		}
	}
}

func TestRefusalsSayWhatToDo(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	for setting, change := range map[string]func(){
		"MERCADO_S3_SECRET_KEY": func() { world.ObjectStore.SecretKey = "wrong-secret" },
		"MERCADO_S3_ACCESS_KEY": func() { world.ObjectStore.AccessKey = "nobody" },
		"mercado up":            func() { world.ObjectStore.BucketPrefix = "no-such-" },
	} {
		before := world.ObjectStore
		change()
		store, err := lake.Open(world.ObjectStore)
		if err != nil {
			t.Fatal(err)
		}
		world.ObjectStore = before
		var object *lake.ObjectError
		if _, err = store.Manifest(t.Context(), someOutput); !errors.As(err, &object) || !strings.Contains(err.Error(), setting) {
			t.Errorf("%s: %v", setting, err)
		}
	}
}

// forgetful is an object store that says it has taken a file, and has not.
func forgetful(t *testing.T, endpoint string) string {
	t.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	store := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // it is part of the signature
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("ETag", `"d41d8cd98f00b204e9800998ecf8427e"`)
			return
		}
		store.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestUploadThatTheStoreForgotIsAnError(t *testing.T) {
	t.Parallel()
	objects := stacktest.New(t).ObjectStore
	objects.Endpoint = forgetful(t, objects.Endpoint)
	store, err := lake.Open(objects)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "part")
	if err := os.WriteFile(path, []byte("rows"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = store.UploadPart(t.Context(), lake.Gold, someOutput.PartKey("2026-03-01", 0, 1), path, lake.Totals{Rows: 4})
	var object *lake.ObjectError
	if err == nil || errors.As(err, &object) || !strings.Contains(err.Error(), "not there after its upload") {
		t.Errorf("uploaded with %v, want an error that is tried again", err)
	}
}

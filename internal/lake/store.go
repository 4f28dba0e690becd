package lake

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"mercado/internal/settings"
)

// Store is the object store of the lake's zones. It speaks nothing but the S3 API.
type Store struct {
	client *minio.Client
	prefix string
}

// ObjectError names an object that cannot be used, why, and what to do: it is missing, its content
// is not what its manifest says, or the store refuses access. Trying again does not help.
type ObjectError struct {
	Bucket, Key string
	Missing     bool
	Damaged     bool // it is there, and its content is not what it should be
	Problem     string
}

// Lost tells whether it is the object itself that cannot be used, and not the store that refuses it.
func (e *ObjectError) Lost() bool { return e.Missing || e.Damaged }

// remedy is what to do about an object of a zone that is lost.
func remedy(zone Zone) string {
	if zone == Raw {
		return "restore it, or load its days again as a new run"
	}
	return fmt.Sprintf("restore it, or replay the run from %s or earlier", zone)
}

func (e *ObjectError) Error() string {
	return fmt.Sprintf("object %s/%s %s", e.Bucket, e.Key, e.Problem)
}

// Open prepares access to the object store. It does not wait for the store: see Ping.
func Open(s settings.ObjectStore) (*Store, error) {
	endpoint, err := url.Parse(s.Endpoint)
	if err != nil {
		return nil, &settings.Error{Setting: "MERCADO_S3_ENDPOINT", Problem: "cannot be parsed"}
	}
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds:      credentials.NewStaticV4(s.AccessKey, s.SecretKey, ""),
		Secure:     endpoint.Scheme == "https",
		Region:     s.Region,
		MaxRetries: 3, // the workflow's own retries do the rest

		TrailingHeaders: true, // without them the client sends no checksums
	})
	if err != nil {
		return nil, fmt.Errorf("open object store: %w", err)
	}
	return &Store{client: client, prefix: s.BucketPrefix}, nil
}

// Bucket is the name of a zone's bucket.
func (s *Store) Bucket(zone Zone) string { return s.prefix + string(zone) }

// Ping reports whether the store answers and has the bucket of zone raw.
func (s *Store) Ping(ctx context.Context) error {
	exists, err := s.client.BucketExists(ctx, s.Bucket(Raw))
	if err == nil && !exists {
		err = fmt.Errorf("bucket %s does not exist", s.Bucket(Raw))
	}
	return err
}

// mostAtOnce is the largest file that is sent in one request, with its checksum: the S3 API takes
// no more than 5 GiB.
const mostAtOnce = 4 << 30

// upload writes the file at path as the object key. The store refuses a content that has another
// sha256, and keeps it to be asked for.
func (s *Store) upload(ctx context.Context, zone Zone, key, path string, size int64, digest []byte) error {
	options := minio.PutObjectOptions{ContentType: "application/vnd.apache.parquet"}
	if size <= mostAtOnce {
		options.DisableMultipart = true
		options.UserMetadata = map[string]string{minio.ChecksumSHA256.Key(): base64.StdEncoding.EncodeToString(digest)}
	}
	_, err := s.client.FPutObject(ctx, s.Bucket(zone), key, path, options)
	return s.classify(zone, key, err)
}

// Stands reports whether the store still has the part as it was written, by its size and checksum and
// without reading it. Of a part that the store keeps no checksum of it says no.
func (s *Store) Stands(ctx context.Context, zone Zone, part Part) (bool, error) {
	stored, err := s.client.StatObject(ctx, s.Bucket(zone), part.Key, minio.StatObjectOptions{Checksum: true})
	var object *ObjectError
	if err = s.classify(zone, part.Key, err); errors.As(err, &object) && object.Missing {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	digest, err := base64.StdEncoding.DecodeString(stored.ChecksumSHA256)
	return err == nil && stored.Size == part.Size && hex.EncodeToString(digest) == part.SHA256, nil
}

// Download writes the part to the file at path, and checks it against size and digest.
func (s *Store) Download(ctx context.Context, zone Zone, part Part, path string) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("download %s: %w", part.Key, err)
	}
	err = s.read(ctx, zone, part, file)
	return errors.Join(err, file.Close())
}

func (s *Store) read(ctx context.Context, zone Zone, part Part, sink io.Writer) error {
	object, err := s.client.GetObject(ctx, s.Bucket(zone), part.Key, minio.GetObjectOptions{})
	if err != nil {
		return s.classify(zone, part.Key, err)
	}
	defer func() { _ = object.Close() }()
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(sink, hash), object)
	if err != nil {
		return s.classify(zone, part.Key, err)
	}
	if digest := hex.EncodeToString(hash.Sum(nil)); size != part.Size || digest != part.SHA256 {
		return &ObjectError{Bucket: s.Bucket(zone), Key: part.Key, Damaged: true, Problem: fmt.Sprintf(
			"is not what its manifest says: %d bytes with sha256 %s, want %d with %s; %s",
			size, digest, part.Size, part.SHA256, remedy(zone))}
	}
	return nil
}

// CreateJSON writes value as the object key unless that exists, and reports whether it did.
func (s *Store) CreateJSON(ctx context.Context, zone Zone, key string, value any) (bool, error) {
	data := string(encodeJSON(value))
	options := minio.PutObjectOptions{ContentType: "application/json"}
	options.SetMatchETagExcept("*")
	_, err := s.client.PutObject(ctx, s.Bucket(zone), key, strings.NewReader(data), int64(len(data)), options)
	if minio.ToErrorResponse(err).StatusCode == http.StatusPreconditionFailed {
		return false, nil
	}
	return err == nil, s.classify(zone, key, err)
}

// ReadJSON reads the object key into value.
func (s *Store) ReadJSON(ctx context.Context, zone Zone, key string, value any) error {
	object, err := s.client.GetObject(ctx, s.Bucket(zone), key, minio.GetObjectOptions{})
	if err != nil {
		return s.classify(zone, key, err)
	}
	defer func() { _ = object.Close() }()
	data, err := io.ReadAll(object)
	if err != nil {
		return s.classify(zone, key, err)
	}
	if err := json.Unmarshal(data, value); err != nil {
		return &ObjectError{Bucket: s.Bucket(zone), Key: key, Damaged: true, Problem: fmt.Sprintf("is not valid JSON (%v): %s", err, remedy(zone))}
	}
	return nil
}

// Keys lists the keys that begin with prefix.
func (s *Store) Keys(ctx context.Context, zone Zone, prefix string) ([]string, error) {
	var keys []string
	for object := range s.client.ListObjects(ctx, s.Bucket(zone), minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if object.Err != nil {
			return nil, s.classify(zone, prefix, object.Err)
		}
		keys = append(keys, object.Key)
	}
	return keys, nil
}

// hopeless are the store's answers that trying again does not change, and what to tell of them.
var hopeless = map[string]string{
	"NoSuchBucket":          "is in a bucket that does not exist: `mercado up` creates it",
	"AccessDenied":          "is refused to this account: check its policy",
	"InvalidAccessKeyId":    "is refused: MERCADO_S3_ACCESS_KEY is not known to the store",
	"SignatureDoesNotMatch": "is refused: MERCADO_S3_SECRET_KEY is wrong",
}

func (s *Store) classify(zone Zone, key string, err error) error {
	if err == nil {
		return nil
	}
	response := minio.ToErrorResponse(err)
	if response.Code == "NoSuchKey" {
		return &ObjectError{Bucket: s.Bucket(zone), Key: key, Missing: true, Problem: "is missing: " + remedy(zone)}
	}
	if problem, known := hopeless[response.Code]; known {
		return &ObjectError{Bucket: s.Bucket(zone), Key: key, Problem: problem}
	}
	if response.StatusCode == http.StatusInsufficientStorage {
		err = fmt.Errorf("the object store is full, make room in it: %w", err) // and it is tried again
	}
	return fmt.Errorf("object %s/%s: %w", s.Bucket(zone), key, err)
}

// digestFile reads the file at path and returns its size and sha256.
func digestFile(path string) (size int64, digest string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = file.Close() }()
	hash := sha256.New()
	size, err = io.Copy(hash, file)
	return size, hex.EncodeToString(hash.Sum(nil)), err
}

// UploadPart uploads the file at path as key, sees that it is there, and describes it. The store
// checks the content against the checksum that comes with it.
func (s *Store) UploadPart(ctx context.Context, zone Zone, key, path string, totals Totals) (Part, error) {
	part, err := Describe(key, path, totals)
	if err != nil {
		return Part{}, err
	}
	size := part.Size
	sum, err := hex.DecodeString(part.SHA256)
	if err != nil {
		return Part{}, err
	}
	if err := s.upload(ctx, zone, key, path, size, sum); err != nil {
		return Part{}, err
	}
	stored, err := s.client.StatObject(ctx, s.Bucket(zone), key, minio.StatObjectOptions{})
	if err == nil && stored.Size != size {
		err = fmt.Errorf("it has %d bytes, want %d", stored.Size, size)
	}
	if err != nil {
		return Part{}, fmt.Errorf("object %s/%s is not there after its upload: %w", s.Bucket(zone), key, err)
	}
	return part, nil
}

// Describe is the part that the file at path will be as the object key.
func Describe(key, path string, totals Totals) (Part, error) {
	size, digest, err := digestFile(path)
	if err != nil {
		return Part{}, fmt.Errorf("read %s: %w", path, err)
	}
	return Part{Key: key, Size: size, SHA256: digest, Totals: totals}, nil
}

// Package deploy_test checks what is deployed without an engine to run it: docker-compose.yml as
// Compose itself reads it, and the Dockerfile against the files it names.
package deploy_test

import (
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

const composeFile = "../docker-compose.yml"

// load reads the Compose file, with variables as a person might set them.
func load(t *testing.T, variables map[string]string) *types.Project {
	t.Helper()
	folder, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  folder,
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(folder, "docker-compose.yml")}},
		Environment: variables,
	})
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// settings are the variables of .env.example, which a test beside the command line keeps current.
func settings(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^#([A-Z0-9_]+)=`).FindAllStringSubmatch(string(text), -1) {
		known[match[1]] = true
	}
	return known
}

func TestServicesArePresent(t *testing.T) {
	t.Parallel()
	want := []string{
		"api", "buckets", "migrate", "objectstore", "postgres", "sandbox", "seed", "temporal",
		"temporal-namespace", "temporal-schema", "temporal-ui", "worker",
	}
	if got := load(t, nil).ServiceNames(); !slices.Equal(got, want) {
		t.Errorf("services %v, want %v", got, want)
	}
}

func TestEverySettingPassedExists(t *testing.T) {
	t.Parallel()
	known := settings(t)
	text, err := os.ReadFile(composeFile)
	if err != nil {
		t.Fatal(err)
	}
	ours := regexp.MustCompile(`\b(?:MERCADO|TEMPORAL)_[A-Z0-9_]+`)
	names := ours.FindAllString(string(text), -1)
	for _, service := range load(t, nil).Services {
		names = append(names, slices.Collect(maps.Keys(service.Environment))...)
	}
	dockerfile, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	names = append(names, ours.FindAllString(string(dockerfile), -1)...)
	if len(names) < 20 {
		t.Fatalf("only %d variables found: %v", len(names), names)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if ours.MatchString(name) && !known[name] {
			t.Errorf("%s is no setting of Mercado", name)
		}
	}
}

// TestEverySettingReachesTheContainers: what production wants, or a shop wants otherwise, is set in .env
// and not by a change of the Compose file. A new setting belongs there, or among those that are not for it.
func TestEverySettingReachesTheContainers(t *testing.T) {
	t.Parallel()
	elsewhere := map[string]string{
		"MERCADO_HOME":                   "the image's",
		"MERCADO_OUTPUT":                 "of commands, not of servers",
		"MERCADO_DEMO":                   "of the seed alone",
		"MERCADO_WEBHOOK_ALLOW_LOOPBACK": "a container is nobody's machine",
	}
	// Where the services are, and what another variable sets.
	fixed := map[string]bool{
		"MERCADO_AUTH_KEY_FILE": true, "MERCADO_PASSWORD_BLOCKLIST": true, "MERCADO_S3_ACCESS_KEY": true, "MERCADO_S3_SECRET_KEY": true,
	}
	known := settings(t)
	variables := map[string]string{}
	for name := range known {
		variables[name] = "set by a person"
	}
	unset, set := load(t, nil), load(t, variables)
	for name := range known {
		if _, not := elsewhere[name]; not || strings.HasSuffix(name, "_PORT") { // ports are those of `mercado up`
			continue
		}
		for _, service := range []string{"api", "worker"} {
			now, passed := set.Services[service].Environment[name]
			before := unset.Services[service].Environment[name]
			address := strings.HasSuffix(name, "_URL") || strings.HasSuffix(name, "_ADDR") || strings.HasSuffix(name, "_ADDRESS") ||
				strings.HasSuffix(name, "_ENDPOINT") || name == "MERCADO_TEMPORAL_UI"
			switch {
			case !passed:
				t.Errorf("%s does not reach the %s: pass it, or say why not", name, service)
			case now != nil && *now == "set by a person":
			case fixed[name] || (address && before != nil):
			default:
				t.Errorf("%s of the %s cannot be set", name, service)
			}
		}
	}
	for name := range elsewhere {
		if !known[name] {
			t.Errorf("%s is no setting of Mercado any more", name)
		}
	}
}

// TestPaymentsGoThroughStripeWhenAsked, and through the sandbox otherwise.
func TestPaymentsGoThroughStripeWhenAsked(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]struct{ variables, want map[string]string }{
		"as it is": {nil, map[string]string{
			"MERCADO_PAYMENT_PROVIDER": "sandbox", "MERCADO_STRIPE_KEY": "", "MERCADO_STRIPE_WEBHOOK_SECRET": "",
			"MERCADO_TRUSTED_PROXIES": "", "MERCADO_PASSWORD_BLOCKLIST": "",
		}},
		"as a person wants it": {
			map[string]string{
				"MERCADO_PAYMENT_PROVIDER": "stripe", "MERCADO_STRIPE_KEY": "sk", "MERCADO_STRIPE_WEBHOOK_SECRET": "whsec",
				"MERCADO_TRUSTED_PROXIES": "10.0.0.1", "PASSWORD_BLOCKLIST_FILE": "./blocked.txt",
			},
			map[string]string{
				"MERCADO_PAYMENT_PROVIDER": "stripe", "MERCADO_STRIPE_KEY": "sk", "MERCADO_STRIPE_WEBHOOK_SECRET": "whsec",
				"MERCADO_TRUSTED_PROXIES": "10.0.0.1", "MERCADO_PASSWORD_BLOCKLIST": "/run/secrets/password-blocklist",
			},
		},
	} {
		project := load(t, of.variables)
		for variable, want := range of.want {
			if got := *project.Services["api"].Environment[variable]; got != want {
				t.Errorf("%s: %s is %q, want %q", name, variable, got, want)
			}
		}
		if file := filepath.Base(project.Secrets["password-blocklist"].File); of.variables != nil && file != "blocked.txt" {
			t.Errorf("%s: the blocklist is %s", name, file)
		}
	}
}

func TestEveryImageIsPinned(t *testing.T) {
	t.Parallel()
	exact := regexp.MustCompile(`:(v?\d+\.\d+|RELEASE\.)[\w.-]*$`)
	for name, service := range load(t, nil).Services {
		if service.Build == nil && !exact.MatchString(service.Image) {
			t.Errorf("%s: image %q has no exact version", name, service.Image)
		}
		if strings.Contains(service.Image, "auto-setup") {
			t.Errorf("%s: %s is deprecated", name, service.Image)
		}
	}
	for _, instruction := range dockerfile(t) {
		if instruction.name == "FROM" && !exact.MatchString(instruction.words[0]) {
			t.Errorf("Dockerfile: %s has no exact version", instruction.words[0])
		}
	}
}

// TestServicesWaitForWhatTheyNeed: a service that stays has a health check, one that ends is
// waited for to end, and nobody waits for the mere start of another.
func TestServicesWaitForWhatTheyNeed(t *testing.T) {
	t.Parallel()
	project := load(t, nil)
	once := map[string]bool{}
	for name, service := range project.Services {
		once[name] = strings.HasPrefix(service.Restart, "on-failure")
		checked := service.HealthCheck != nil && !service.HealthCheck.Disable && len(service.HealthCheck.Test) > 0
		if checked == once[name] {
			t.Errorf("%s: restarts %q, has a health check: %t", name, service.Restart, checked)
		}
	}
	for name, service := range project.Services {
		for other, dependency := range service.DependsOn {
			want := types.ServiceConditionHealthy
			if once[other] {
				want = types.ServiceConditionCompletedSuccessfully
			}
			if dependency.Condition != want {
				t.Errorf("%s waits until %s is %q, want %q", name, other, dependency.Condition, want)
			}
		}
	}
	for _, name := range []string{"api", "worker"} {
		for _, other := range []string{"migrate", "buckets", "temporal-namespace", "sandbox"} {
			if _, waits := project.Services[name].DependsOn[other]; !waits {
				t.Errorf("%s does not wait for %s", name, other)
			}
		}
	}
}

func TestOwnServicesAreReachableAndConfined(t *testing.T) {
	t.Parallel()
	for name, service := range load(t, nil).Services {
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s: port %s is open to the network", name, port.Published)
			}
		}
		if service.Build == nil {
			continue
		}
		if !service.ReadOnly || !slices.Contains(service.CapDrop, "ALL") {
			t.Errorf("%s: can write its image or keeps capabilities", name)
		}
		for variable, value := range service.Environment {
			if value == nil { // that of .env
				continue
			}
			if strings.HasSuffix(variable, "_ADDR") && !strings.HasPrefix(*value, "0.0.0.0:") {
				t.Errorf("%s: %s=%s cannot be reached from another container", name, variable, *value)
			}
			if at, err := url.Parse(*value); err == nil && at.Hostname() == "127.0.0.1" && variable != "MERCADO_TEMPORAL_UI" {
				t.Errorf("%s: %s=%s is the container itself", name, variable, *value)
			}
		}
	}
}

// TestPasswordsComeFromTheEnvironment: what is set replaces the development default wherever it
// stands.
func TestPasswordsComeFromTheEnvironment(t *testing.T) {
	t.Parallel()
	const development = "mercado-development"
	count := func(project *types.Project, password string) (found int) {
		for _, service := range project.Services {
			for _, value := range service.Environment {
				if value != nil && strings.Contains(*value, password) {
					found++
				}
			}
		}
		return found
	}
	defaults := count(load(t, nil), development)
	changed := load(t, map[string]string{
		"POSTGRES_PASSWORD": "changed", "S3_SECRET_KEY": "changed",
		"MERCADO_WEBHOOK_SECRET": "changed", "MERCADO_MASK_KEY": "changed",
	})
	if count(changed, development) != 0 || count(changed, "changed") != defaults || defaults == 0 {
		t.Errorf("%d of %d passwords keep the development default", count(changed, development), defaults)
	}
}

// TestProductionIsReached: what the head of the Compose file tells to set makes the settings that
// production mode asks for, and the key is a mounted secret.
func TestProductionIsReached(t *testing.T) {
	t.Parallel()
	if path := *load(t, nil).Services["api"].Environment["MERCADO_AUTH_KEY_FILE"]; path != "" {
		t.Errorf("without AUTH_KEY_FILE the API reads its key from %s", path)
	}
	project := load(t, map[string]string{
		"MERCADO_MODE": "production", "AUTH_KEY_FILE": "./auth-key.pem",
		"MERCADO_ALLOW_SANDBOX_PAYMENTS": "true", "MERCADO_ALLOW_SANDBOX_CARRIER": "true",
	})
	api := project.Services["api"]
	for variable, want := range map[string]string{
		"MERCADO_MODE": "production", "MERCADO_AUTH_KEY_FILE": "/run/secrets/auth-key",
		"MERCADO_ALLOW_SANDBOX_PAYMENTS": "true", "MERCADO_ALLOW_SANDBOX_CARRIER": "true",
	} {
		if got := *api.Environment[variable]; got != want {
			t.Errorf("%s is %q, want %q", variable, got, want)
		}
	}
	if len(api.Secrets) != 2 || api.Secrets[0].Source != "auth-key" || filepath.Base(project.Secrets["auth-key"].File) != "auth-key.pem" {
		t.Errorf("the API has the secrets %v of %v", api.Secrets, project.Secrets)
	}
}

// TestTheSandboxIsNotPublished: who reaches it decides which payments succeed.
func TestTheSandboxIsNotPublished(t *testing.T) {
	t.Parallel()
	if ports := load(t, nil).Services["sandbox"].Ports; len(ports) > 0 {
		t.Errorf("the sandbox is published: %v", ports)
	}
}

// TestTheDatabaseLogsNoRows wants the same of Postgres's log as `mercado up`.
func TestTheDatabaseLogsNoRows(t *testing.T) {
	t.Parallel()
	command := load(t, nil).Services["postgres"].Command
	for _, option := range []string{"log_error_verbosity=terse", "log_parameter_max_length=0", "log_parameter_max_length_on_error=0"} {
		if at := slices.Index(command, option); at < 1 || command[at-1] != "-c" {
			t.Errorf("%s is not set by %q", option, command)
		}
	}
}

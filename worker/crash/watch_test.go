package crash_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"

	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	sdk "go.temporal.io/sdk/worker"
	"google.golang.org/grpc"
)

// arrival is what a process tells the test: it has come to a boundary, and goes on when it is
// answered.
type arrival struct {
	Workflow string `json:"workflow"` // its id
	boundary
	Role string `json:"role"` // api or worker
	PID  int    `json:"pid"`
	// Process is its name instead of its id, told by the provider, which knows no more of who asks.
	Process string `json:"-"`
}

// watch makes a process of the shop stop at each boundary until the test lets it go on. It sits
// where the process talks to Temporal, and around each activity: no code of the shop knows of it.
type watch struct {
	clientPlugin
	workerPlugin
	interceptor.WorkerInterceptorBase

	control string // the test's address
	role    string
	pid     int
	// idle leaves every task to other processes: this one serves requests, or relays events.
	idle bool

	mu         sync.Mutex
	tasks      map[string]running // workflow tasks by token
	activities map[string]running // by token
	timers     map[string]step    // by workflow and timer id
}

type (
	clientPlugin = client.PluginBase
	workerPlugin = sdk.PluginBase
)

// running is what a token of Temporal stands for.
type running struct {
	workflow, typeName string
	step               step
}

func newWatch(c config, pid int) *watch {
	return &watch{
		control: c.Control, role: c.Role, pid: pid, idle: c.Idle,
		tasks: map[string]running{}, activities: map[string]running{}, timers: map[string]step{},
	}
}

// Name implements client.Plugin and worker.Plugin.
func (*watch) Name() string { return "crash" }

// ConfigureClient implements client.Plugin.
func (w *watch) ConfigureClient(_ context.Context, options client.PluginConfigureClientOptions) error {
	options.ClientOptions.ConnectionOptions.DialOptions = append(options.ClientOptions.ConnectionOptions.DialOptions,
		grpc.WithChainUnaryInterceptor(w.talk))
	return nil
}

// ConfigureWorker implements worker.Plugin.
func (w *watch) ConfigureWorker(_ context.Context, options sdk.PluginConfigureWorkerOptions) error {
	options.WorkerOptions.Interceptors = append(options.WorkerOptions.Interceptors, w)
	return nil
}

// StartWorker implements worker.Plugin.
func (w *watch) StartWorker(ctx context.Context, options sdk.PluginStartWorkerOptions, next func(context.Context, sdk.PluginStartWorkerOptions) error) error {
	if w.idle {
		return nil
	}
	return next(ctx, options)
}

// StopWorker implements worker.Plugin.
func (w *watch) StopWorker(ctx context.Context, options sdk.PluginStopWorkerOptions, next func(context.Context, sdk.PluginStopWorkerOptions)) {
	if !w.idle {
		next(ctx, options)
	}
}

// talk watches one exchange with Temporal.
func (w *watch) talk(ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	after := w.ask(request)
	if err := invoke(ctx, method, request, reply, connection, options...); err != nil {
		return err
	}
	after()
	w.told(reply)
	return nil
}

// ask stops before a request that begins something, and returns what to stop at when it succeeded.
func (w *watch) ask(request any) (after func()) {
	switch asked := request.(type) {
	case *workflowservice.StartWorkflowExecutionRequest:
		start := step{"start", asked.GetWorkflowType().GetName()}
		asked.RequestEagerExecution = asked.GetRequestEagerExecution() && !w.idle
		w.reach(asked.GetWorkflowId(), start, before)
		return func() { w.reach(asked.GetWorkflowId(), start, done) }
	case *workflowservice.SignalWorkflowExecutionRequest:
		signal := step{"signal", asked.GetSignalName()}
		w.reach(asked.GetWorkflowExecution().GetWorkflowId(), signal, before)
		return func() { w.reach(asked.GetWorkflowExecution().GetWorkflowId(), signal, done) }
	case *workflowservice.SignalWithStartWorkflowExecutionRequest:
		signal := step{"signal", asked.GetSignalName()}
		w.reach(asked.GetWorkflowId(), signal, before)
		return func() { w.reach(asked.GetWorkflowId(), signal, done) }
	case *workflowservice.RequestCancelWorkflowExecutionRequest:
		id := asked.GetWorkflowExecution().GetWorkflowId()
		w.reach(id, step{"cancellation", "Checkout"}, before)
		return func() { w.reach(id, step{"cancellation", "Checkout"}, done) }
	case *workflowservice.RespondWorkflowTaskCompletedRequest:
		task := w.take(w.tasks, asked.GetTaskToken())
		records, begins := commanded(task.typeName, asked.GetCommands())
		for _, c := range asked.GetCommands() {
			if started := c.GetStartTimerCommandAttributes(); started != nil {
				w.mu.Lock()
				w.timers[task.workflow+" "+started.GetTimerId()] = timer(c.GetUserMetadata().GetSummary())
				w.mu.Unlock()
			}
		}
		for _, s := range begins {
			w.reach(task.workflow, s, before)
		}
		return func() {
			for _, s := range records {
				w.reach(task.workflow, s, recorded)
			}
			for _, s := range begins {
				w.reach(task.workflow, s, done)
			}
		}
	case *workflowservice.RespondActivityTaskCompletedRequest:
		return w.reported(asked.GetTaskToken())
	case *workflowservice.RespondActivityTaskFailedRequest:
		if asked.GetFailure().GetApplicationFailureInfo().GetNonRetryable() {
			return w.reported(asked.GetTaskToken())
		}
	}
	return func() {}
}

func (w *watch) reported(token []byte) func() {
	of := w.take(w.activities, token)
	return func() { w.reach(of.workflow, of.step, recorded) }
}

// told stops at what an answer of Temporal tells a workflow.
func (w *watch) told(reply any) {
	switch answer := reply.(type) {
	case *workflowservice.StartWorkflowExecutionResponse:
		w.tasked(answer.GetEagerWorkflowTask())
	case *workflowservice.PollWorkflowTaskQueueResponse:
		w.tasked(answer)
	case *workflowservice.RespondWorkflowTaskCompletedResponse:
		w.tasked(answer.GetWorkflowTask())
	}
}

func (w *watch) tasked(task *workflowservice.PollWorkflowTaskQueueResponse) {
	if len(task.GetTaskToken()) == 0 {
		return
	}
	of := running{workflow: task.GetWorkflowExecution().GetWorkflowId(), typeName: task.GetWorkflowType().GetName()}
	w.mu.Lock()
	w.tasks[string(task.GetTaskToken())] = of
	w.mu.Unlock()
	for _, event := range task.GetHistory().GetEvents() {
		w.remember(of.workflow, event)
		if event.GetEventId() <= task.GetPreviousStartedEventId() {
			continue
		}
		if event.GetWorkflowExecutionStartedEventAttributes() != nil {
			w.reach(of.workflow, step{"start", of.typeName}, recorded)
		}
		if fired := event.GetTimerFiredEventAttributes(); fired != nil {
			w.mu.Lock()
			s := w.timers[of.workflow+" "+fired.GetTimerId()]
			w.mu.Unlock()
			w.reach(of.workflow, s, recorded)
		}
		if signalled := event.GetWorkflowExecutionSignaledEventAttributes(); signalled != nil {
			w.reach(of.workflow, step{"signal", signalled.GetSignalName()}, recorded)
		}
		if event.GetWorkflowExecutionCancelRequestedEventAttributes() != nil {
			w.reach(of.workflow, step{"cancellation", of.typeName}, recorded)
		}
	}
}

// remember knows a timer that another process started.
func (w *watch) remember(workflow string, event *history.HistoryEvent) {
	if started := event.GetTimerStartedEventAttributes(); started != nil {
		w.mu.Lock()
		w.timers[workflow+" "+started.GetTimerId()] = timer(event.GetUserMetadata().GetSummary())
		w.mu.Unlock()
	}
}

func (w *watch) take(from map[string]running, token []byte) running {
	w.mu.Lock()
	defer w.mu.Unlock()
	of := from[string(token)]
	delete(from, string(token))
	return of
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (w *watch) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &watchedActivity{interceptor.ActivityInboundInterceptorBase{Next: next}, w}
}

type watchedActivity struct {
	interceptor.ActivityInboundInterceptorBase
	*watch
}

// ExecuteActivity implements interceptor.ActivityInboundInterceptor.
func (a *watchedActivity) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	info := activity.GetInfo(ctx)
	of := running{workflow: info.WorkflowExecution.ID, step: step{"activity", info.ActivityType.Name}}
	if info.IsLocalActivity {
		of.step.Kind = "local activity"
	} else {
		a.mu.Lock()
		a.activities[string(info.TaskToken)] = of
		a.mu.Unlock()
	}
	a.reach(of.workflow, of.step, before)
	result, err := a.Next.ExecuteActivity(ctx, in)
	var failed *temporal.ApplicationError
	if err == nil || info.IsLocalActivity || errors.As(err, &failed) && failed.NonRetryable() {
		a.reach(of.workflow, of.step, done)
	}
	return result, err
}

// reach tells the test, and returns when it answers. When the test is gone it returns at once.
func (w *watch) reach(workflow string, s step, phase string) {
	if !strings.Contains(workflow, "/") {
		return // not an order's
	}
	body, err := json.Marshal(arrival{Workflow: workflow, boundary: boundary{step: s, Phase: phase}, Role: w.role, PID: w.pid})
	if err != nil {
		panic(err)
	}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, w.control, bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	if response, err := http.DefaultClient.Do(request); err == nil {
		_ = response.Body.Close()
	}
}

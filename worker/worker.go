// Package worker runs Mercado's task queues: orders for checkout and fulfilment, etl for the
// lake. orders.go and etl.go each hold the one list of what a queue runs.
package worker

// Task queues, before the prefix of settings.Temporal.
const (
	OrdersQueue = "orders"
	ETLQueue    = "etl"
)

package webhook

import "time"

// WaitFor makes the sender wait as long as that for an answer, instead of answerPatience.
func (s *Sender) WaitFor(patience time.Duration) { s.client.Timeout = patience }

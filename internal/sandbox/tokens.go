package sandbox

// behaviour is how the provider treats an authorisation and what follows it.
type behaviour struct {
	Token   string // as documented
	About   string // what happens, as documented
	decline string // the decline code; empty: approved
	slow    bool   // the answer comes after Config.Slow
	silent  bool   // the answer never comes
	broke   bool   // what was approved is not paid: captures are declined
	twice   bool   // each webhook is sent twice
	stingy  bool   // the first refund is declined
	mute    bool   // refunds are made and never answered
	late    bool   // webhooks come after Config.Late, the authorisation's last
}

// Tokens are the test tokens; any other is declined as invalid_token. docs/payments.md and the
// OpenAPI document list them.
var Tokens = []behaviour{
	{Token: "approve", About: "approved at once"},
	{Token: "decline", decline: "generic_decline", About: "declined: `generic_decline`"},
	{Token: "insufficient_funds", decline: "insufficient_funds", About: "declined: `insufficient_funds`"},
	{Token: "slow", slow: true, About: "approved, but the answer comes after `MERCADO_SANDBOX_SLOW`"},
	{Token: "timeout_then_approved", silent: true, About: "approved, but the answer never comes: it is looked up, or learned from the webhook"},
	{Token: "webhook_twice", twice: true, About: "approved; each webhook is sent twice"},
	{Token: "webhook_late", late: true, About: "approved; webhooks come after `MERCADO_SANDBOX_LATE`, the authorisation's after its captures'"},
	{Token: "capture_refused", broke: true, About: "approved, but every capture is declined: `capture_refused`"},
	{Token: "refund_refused", stingy: true, About: "approved, but the first refund is declined: `refund_refused`"},
	{Token: "refund_timeout", mute: true, About: "approved, but no answer to a refund ever comes: it is looked up"},
}

func behaviourOf(token string) behaviour {
	for _, known := range Tokens {
		if known.Token == token {
			return known
		}
	}
	return behaviour{decline: "invalid_token"}
}

package sandbox

// behaviour is how the provider treats an authorisation and what follows it.
type behaviour struct {
	Token   string // as documented
	About   string
	decline string // the decline code; empty: approved
	slow    bool   // the answer comes after Config.Slow
	silent  bool   // the answer never comes
	broke   bool   // what was approved is not paid: captures are declined
	twice   bool   // each webhook is sent twice
	stingy  bool   // the first refund is declined
	mute    bool   // refunds are made and never answered
	late    bool   // webhooks come after Config.Late, the authorisation's last
}

// Tokens are the test tokens; any other is declined as invalid_token. docs/payments.md lists them.
var Tokens = []behaviour{
	{Token: "approve", About: "Approved at once."},
	{Token: "decline", decline: "generic_decline", About: "Declined: `generic_decline`."},
	{Token: "insufficient_funds", decline: "insufficient_funds", About: "Declined: `insufficient_funds`."},
	{Token: "slow", slow: true, About: "Approved, but the answer comes after `MERCADO_SANDBOX_SLOW`."},
	{Token: "timeout_then_approved", silent: true, About: "Approved, but the answer never comes: the shop looks it up, or learns it from the webhook."},
	{Token: "webhook_twice", twice: true, About: "Approved; each webhook of the payment is sent twice."},
	{Token: "webhook_late", late: true, About: "Approved; webhooks come after `MERCADO_SANDBOX_LATE`, the authorisation's after its captures'."},
	{Token: "capture_refused", broke: true, About: "Approved, but every capture is declined: `capture_refused`."},
	{Token: "refund_refused", stingy: true, About: "Approved, but the first refund is declined: `refund_refused`."},
	{Token: "refund_timeout", mute: true, About: "Approved, but no answer to a refund ever comes: the shop looks it up."},
}

func behaviourOf(token string) behaviour {
	for _, known := range Tokens {
		if known.Token == token {
			return known
		}
	}
	return behaviour{decline: "invalid_token"}
}

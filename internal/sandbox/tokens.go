package sandbox

// behaviour is how the provider treats an authorisation.
type behaviour struct {
	decline string // the decline code; empty: approved
	slow    bool   // the answer comes after Config.Slow
	silent  bool   // the answer never comes
	broke   bool   // what was approved is not paid: captures are declined
}

// tokens are the test tokens; any other is declined as invalid_token.
var tokens = map[string]behaviour{
	"approve":               {},
	"decline":               {decline: "generic_decline"},
	"insufficient_funds":    {decline: "insufficient_funds"},
	"slow":                  {slow: true},
	"timeout_then_approved": {silent: true},
	"capture_refused":       {broke: true},
}

func behaviourOf(token string) behaviour {
	if known, ok := tokens[token]; ok {
		return known
	}
	return behaviour{decline: "invalid_token"}
}

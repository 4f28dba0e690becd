package sandbox

// behaviour is how the provider treats an authorisation.
type behaviour struct {
	decline string // the decline code; empty: approved
	slow    bool   // the answer comes after Config.Slow
	silent  bool   // the answer never comes
}

// tokens are the test tokens of requirements §6; any other is declined as invalid_token.
var tokens = map[string]behaviour{
	"approve":               {},
	"decline":               {decline: "generic_decline"},
	"insufficient_funds":    {decline: "insufficient_funds"},
	"slow":                  {slow: true},
	"timeout_then_approved": {silent: true},
	"webhook_twice":         {},
	"webhook_late":          {},
}

func behaviourOf(token string) behaviour {
	if known, ok := tokens[token]; ok {
		return known
	}
	return behaviour{decline: "invalid_token"}
}

package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"
)

// SettingsCmd lists what can be set, so that .env.example is generated and never typed.
type SettingsCmd struct {
	EnvExample bool `name:"env-example" help:"Print them as the file .env.example."`
}

// setting is one environment variable and the flag that outranks it.
type setting struct {
	Variable string `json:"variable"`
	Flag     string `json:"flag"`
	Default  string `json:"default"`
	Help     string `json:"help"`
}

// Run implements the command.
func (c *SettingsCmd) Run(k *kong.Kong, g *Globals) error {
	all := settingsOf(k.Model)
	if c.EnvExample {
		return writeEnvExample(g.stdout, all)
	}
	return g.print(all, func(w io.Writer) error {
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, s := range all {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.Variable, s.Flag, s.Default, s.Help)
		}
		return table.Flush()
	})
}

// settingsOf collects the flags of all commands that a variable can set, each once.
func settingsOf(model *kong.Application) []setting {
	var all []setting
	seen := map[string]bool{}
	collect := func(flags []*kong.Flag) {
		for _, flag := range flags {
			for _, variable := range flag.Envs {
				if !seen[variable] {
					seen[variable] = true
					all = append(all, setting{variable, "--" + flag.Name, flag.Default, flag.Help})
				}
			}
		}
	}
	collect(model.Flags)
	for _, command := range model.Leaves(false) {
		collect(command.Flags)
	}
	return all
}

// writeEnvExample comments every line out: copied to .env as it is, the file changes nothing.
func writeEnvExample(w io.Writer, all []setting) error {
	var text strings.Builder
	text.WriteString("# Every setting of Mercado with its default. A flag outranks the variable.\n" +
		"# Written by `mercado settings --env-example`; do not edit.\n")
	for _, s := range all {
		fmt.Fprintf(&text, "\n# %s\n#%s=%s\n", s.Help, s.Variable, s.Default)
	}
	_, err := io.WriteString(w, text.String())
	return err
}

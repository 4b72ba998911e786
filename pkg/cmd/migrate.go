package cmd

import "github.com/spf13/cobra"

func newMigrateCmd(*Env) *cobra.Command { return &cobra.Command{Use: "migrate"} }

// Package tui is the full-screen interface, and the pickers that commands open for what
// was not typed. It owns no logic: it makes the same edits as the commands and shows the same
// plans, and everything from outside comes in through World.
//
//	keys ─► action ─► method of the model ─► tea.Cmd ─► World
//	                        ▲                            │
//	                        └──── message with a number ─┘
//
// There is one model. A screen is a plain struct: a list, a text, or a form, with a table of
// actions from which dispatch, the line of keys at the bottom, and help are made. Every message
// carries its result, its error and the number of its request; late answers are dropped.
package tui

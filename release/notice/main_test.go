package main

import (
	"os"
	"regexp"
	"testing"
)

func TestNoticeIsOfWhatIsLinked(t *testing.T) {
	t.Chdir("../..")
	want, err := notice()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("NOTICE")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("NOTICE is of other dependencies: run  go run ./release/notice >NOTICE")
	}
}

// TestNothingIsLinkedThatAsksForMore holds the licences to those which ask for no more than their notice.
func TestNothingIsLinkedThatAsksForMore(t *testing.T) {
	t.Chdir("../..")
	modules, err := linked()
	if err != nil {
		t.Fatal(err)
	}
	free := regexp.MustCompile(`Apache License|Apache-2\.0|Permission is hereby granted, free of charge|Redistribution and use in source and binary forms|Permission to use, copy, modify, and/or distribute`)
	more := regexp.MustCompile(`(?i)GNU (lesser |affero )?general public|mozilla public|eclipse public|server side public|business source`)
	for path, dir := range modules {
		texts, err := legal(dir, path != standardLibrary)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		known := false
		for _, text := range texts {
			known = known || free.MatchString(text)
			if found := more.FindString(text); found != "" {
				t.Errorf("%s: %s", path, found)
			}
		}
		if !known {
			t.Errorf("%s: its licence is none of those known here", path)
		}
	}
}

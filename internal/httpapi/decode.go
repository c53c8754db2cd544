package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/danielgtaylor/huma/v2"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// strictJSON is JSON whose objects, in requests, have no name twice, none that is
// written in other letters than the description has it, and no string that is not
// Unicode (RFC 7493, sections 2.1 and 2.3). Package json would silently take the last
// one, any, and something else.
func strictJSON() huma.Format {
	format := huma.DefaultJSONFormat
	format.Unmarshal = func(data []byte, v any) error {
		if _, ok := v.(*any); ok { // huma looks first whether it is JSON, and what is in it
			return json.Unmarshal(data, v)
		}
		return mistake(jsonv2.Unmarshal(data, v, jsonv2.RejectUnknownMembers(true)))
	}
	return format
}

// mistake says what to do about an error of something that is JSON.
func mistake(err error) error {
	var syntactic *jsontext.SyntacticError
	var semantic *jsonv2.SemanticError
	switch {
	case errors.As(err, &syntactic) && errors.Is(err, jsontext.ErrDuplicateName):
		return fmt.Errorf("%s is there twice: leave one out", syntactic.JSONPointer)
	case errors.As(err, &syntactic):
		return fmt.Errorf("%s is not Unicode, which JSON has to be: for bytes use payload_base64", syntactic.JSONPointer)
	case errors.As(err, &semantic) && errors.Is(err, jsonv2.ErrUnknownName):
		return fmt.Errorf("%s is no field: see /openapi.json for how it is written", semantic.JSONPointer)
	default:
		return err
	}
}

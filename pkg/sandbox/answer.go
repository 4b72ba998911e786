package sandbox

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// refusal is an error answer in the words of the service.
type refusal struct {
	status  int
	code    string // as the JSON services write it
	query   string // as IAM, STS and CloudTrail's events write it, where that differs
	message string
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

func (r *refusal) short() string {
	if r.query != "" {
		return r.query
	}
	return r.code
}

func invalidParameter(format string, args ...any) error {
	return &refusal{status: 400, code: "InvalidParameterException", message: fmt.Sprintf(format, args...)}
}

func invalidRequest(format string, args ...any) error {
	return &refusal{status: 400, code: "InvalidRequestException", message: fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) error {
	return &refusal{status: 404, code: "ResourceNotFoundException", message: fmt.Sprintf(format, args...)}
}

func inUse(format string, args ...any) error {
	return &refusal{status: 409, code: "ResourceInUseException", message: fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) error {
	return &refusal{status: 400, code: "BadRequestException", message: fmt.Sprintf(format, args...)}
}

func denied(message string) error {
	return &refusal{status: 403, code: "AccessDeniedException", query: "AccessDenied", message: message}
}

// authKind is one way in which a signature fails; each protocol has its own code for it.
type authKind int

const (
	missingToken authKind = iota
	incomplete
	unknownKey
	expiredToken
	expiredRequest
	mismatch
)

var authCodes = map[authKind]refusal{
	missingToken:   {status: 403, code: "MissingAuthenticationTokenException", query: "MissingAuthenticationToken"},
	incomplete:     {status: 400, code: "IncompleteSignatureException", query: "IncompleteSignature"},
	unknownKey:     {status: 403, code: "UnrecognizedClientException", query: "InvalidClientTokenId"},
	expiredToken:   {status: 403, code: "ExpiredTokenException", query: "ExpiredToken"},
	expiredRequest: {status: 400, code: "RequestExpired"},
	mismatch:       {status: 403, code: "InvalidSignatureException", query: "SignatureDoesNotMatch"},
}

func authErr(kind authKind, message string) error {
	r := authCodes[kind]
	r.message = message
	return &r
}

var (
	errUnknown     = &refusal{status: 404, code: "UnknownOperationException", message: "The sandbox does not have this operation."}
	errThrottled   = &refusal{status: 429, code: "ThrottlingException", query: "Throttling", message: "Rate exceeded"}
	errServer      = &refusal{status: 500, code: "ServerException", query: "ServiceFailure", message: "An internal error occurred."}
	errUnavailable = &refusal{status: 503, code: "ServiceUnavailableException", query: "ServiceUnavailable", message: "Service is temporarily unavailable."}
	errTooLarge    = &refusal{status: 413, code: "RequestEntityTooLargeException", message: "The request is too large."}
	// errReset is no answer at all: the connection breaks.
	errReset = &refusal{code: "reset"}
)

// asRefusal makes an internal fault of every error that is not meant for the caller.
func asRefusal(err error) *refusal {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	return &refusal{status: 500, code: errServer.code, query: errServer.query, message: err.Error()}
}

// status is the answer's HTTP status. Only EKS has one of its own for throttling.
func (c *call) status(err error) int {
	switch {
	case err == nil:
		return http.StatusOK
	case errors.Is(err, errThrottled) && c.service != "eks":
		return http.StatusBadRequest
	}
	return asRefusal(err).status
}

// write answers in the protocol of the call's service.
func (c *call) write(w http.ResponseWriter, result any, err error) {
	id := uuid(random())
	w.Header().Set("X-Amzn-Requestid", id)
	w.Header().Set("Date", c.at.Format(http.TimeFormat)) // SDKs correct their clocks by it
	switch c.service {
	case "iam", "sts":
		c.writeXML(w, id, result, err)
	case "cloudtrail":
		c.writeJSON(w, "application/x-amz-json-1.1", result, err)
	default:
		c.writeJSON(w, "application/json", result, err)
	}
}

func (c *call) writeJSON(w http.ResponseWriter, contentType string, result any, err error) {
	if err != nil {
		r := asRefusal(err)
		w.Header().Set("X-Amzn-ErrorType", r.code)
		result = map[string]string{"__type": r.code, "message": r.message}
		if c.service != "cloudtrail" { // rest-json tells the code in the header alone
			result = map[string]string{"message": r.message}
		}
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(c.status(err))
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(result) // a caller who has gone away is no concern of the account
}

var namespaces = map[string]string{
	"iam": "https://iam.amazonaws.com/doc/2010-05-08/",
	"sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}

func (c *call) writeXML(w http.ResponseWriter, id string, result any, err error) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(c.status(err))
	if err != nil {
		c.writeXMLError(w, id, asRefusal(err))
		return
	}
	_, _ = fmt.Fprintf(w, `<%sResponse xmlns="%s">`, c.name, namespaces[c.service])
	_ = xml.NewEncoder(w).EncodeElement(result, xml.StartElement{Name: xml.Name{Local: c.name + "Result"}})
	_, _ = fmt.Fprintf(w, `<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></%sResponse>`, id, c.name)
}

func (c *call) writeXMLError(w http.ResponseWriter, id string, r *refusal) {
	kind := "Sender"
	if r.status >= 500 {
		kind = "Receiver"
	}
	_, _ = fmt.Fprintf(w, `<ErrorResponse xmlns="%s"><Error><Type>%s</Type><Code>%s</Code><Message>`, namespaces[c.service], kind, r.short())
	_ = xml.EscapeText(w, []byte(r.message))
	_, _ = io.WriteString(w, `</Message></Error><RequestId>`+id+`</RequestId></ErrorResponse>`)
}

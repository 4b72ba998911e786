package awsapi

import (
	"crypto/rand"
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

//go:noinline
func invalidParameter(format string, args ...any) error {
	return &refusal{status: 400, code: "InvalidParameterException", message: fmt.Sprintf(format, args...)}
}

//go:noinline
func invalidRequest(format string, args ...any) error {
	return &refusal{status: 400, code: "InvalidRequestException", message: fmt.Sprintf(format, args...)}
}

//go:noinline
func notFound(format string, args ...any) error {
	return &refusal{status: 404, code: "ResourceNotFoundException", message: fmt.Sprintf(format, args...)}
}

//go:noinline
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

// What AWS answers without looking at the call: limits and faults.
var (
	ErrThrottled   error = &refusal{status: 429, code: "ThrottlingException", query: "Throttling", message: "Rate exceeded"}
	ErrServer      error = serverFault("An internal error occurred.")
	ErrUnavailable error = &refusal{status: 503, code: "ServiceUnavailableException", query: "ServiceUnavailable", message: "Service is temporarily unavailable."}

	errUnknown  = &refusal{status: 404, code: "UnknownOperationException", message: "The sandbox does not have this operation."}
	errTooLarge = &refusal{status: 413, code: "RequestEntityTooLargeException", message: "The request is too large."}
)

func serverFault(message string) *refusal {
	return &refusal{status: 500, code: "ServerException", query: "ServiceFailure", message: message}
}

// asRefusal makes an internal fault of every error that is not meant for the caller.
func asRefusal(err error) *refusal {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	return serverFault(err.Error())
}

// Status is the answer's HTTP status. Only EKS has one of its own for throttling.
func (c *Call) Status(err error) int {
	switch {
	case err == nil:
		return http.StatusOK
	case errors.Is(err, ErrThrottled) && c.Service != "eks":
		return http.StatusBadRequest
	}
	return asRefusal(err).status
}

// ID is what the answer and CloudTrail call the request.
func (c *Call) ID() string {
	if c.id == "" {
		c.id = UUID(rand.Text())
	}
	return c.id
}

// Write answers in the protocol of the call's service.
func (c *Call) Write(w http.ResponseWriter, result any, err error) {
	id := c.ID()
	w.Header().Set("X-Amzn-Requestid", id)
	w.Header().Set("Date", c.At.Format(http.TimeFormat)) // SDKs correct their clocks by it
	switch c.Service {
	case "iam", "sts":
		c.writeXML(w, id, result, err)
	case "cloudtrail", "organizations":
		c.writeJSON(w, "application/x-amz-json-1.1", result, err)
	default:
		c.writeJSON(w, "application/json", result, err)
	}
}

func (c *Call) writeJSON(w http.ResponseWriter, contentType string, result any, err error) {
	if err != nil {
		r := asRefusal(err)
		w.Header().Set("X-Amzn-ErrorType", r.code)
		result = map[string]string{"__type": r.code, "message": r.message}
		if c.Service == "eks" || c.Service == "account" { // rest-json has the code in the header alone
			result = map[string]string{"message": r.message}
		}
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(c.Status(err))
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(result) // a caller who has gone away does not concern the account
}

var namespaces = map[string]string{
	"iam": "https://iam.amazonaws.com/doc/2010-05-08/",
	"sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}

func (c *Call) writeXML(w http.ResponseWriter, id string, result any, err error) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(c.Status(err))
	if err != nil {
		c.writeXMLError(w, id, asRefusal(err))
		return
	}
	_, _ = fmt.Fprintf(w, `<%sResponse xmlns="%s">`, c.Name, namespaces[c.Service])
	_ = xml.NewEncoder(w).EncodeElement(result, xml.StartElement{Name: xml.Name{Local: c.Name + "Result"}})
	_, _ = fmt.Fprintf(w, `<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></%sResponse>`, id, c.Name)
}

func (c *Call) writeXMLError(w http.ResponseWriter, id string, r *refusal) {
	kind := "Sender"
	if r.status >= 500 {
		kind = "Receiver"
	}
	_, _ = fmt.Fprintf(w, `<ErrorResponse xmlns="%s"><Error><Type>%s</Type><Code>%s</Code><Message>`, namespaces[c.Service], kind, r.short())
	_ = xml.EscapeText(w, []byte(r.message))
	_, _ = io.WriteString(w, `</Message></Error><RequestId>`+id+`</RequestId></ErrorResponse>`)
}

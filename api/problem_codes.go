package api

import "net/http"

// code names a problem for programs; it never changes once released.
type code string

const (
	malformedBody         code = "malformed_body"
	idempotencyKeyMissing code = "idempotency_key_missing"
	unauthenticated       code = "unauthenticated"
	invalidToken          code = "invalid_token"
	expiredToken          code = "expired_token"
	invalidCredentials    code = "invalid_credentials"
	invalidRefreshToken   code = "invalid_refresh_token"
	invalidSignature      code = "invalid_signature"
	paymentDeclined       code = "payment_declined"
	forbidden             code = "forbidden"
	wrongPassword         code = "wrong_password"
	lastAdmin             code = "last_admin"
	notACustomer          code = "not_a_customer"
	tooManyAttempts       code = "too_many_attempts"
	busy                  code = "busy"
	customerInactive      code = "customer_inactive"
	notFound              code = "not_found"
	methodNotAllowed      code = "method_not_allowed"
	bodyTimeout           code = "body_timeout"
	emailTaken            code = "email_taken"
	nameTaken             code = "name_taken"
	skuTaken              code = "sku_taken"
	versionMismatch       code = "version_mismatch"
	alreadyReviewed       code = "already_reviewed"
	ownReview             code = "own_review"
	insufficientStock     code = "insufficient_stock"
	outOfStock            code = "out_of_stock"
	priceChanged          code = "price_changed"
	idempotencyInFlight   code = "idempotency_in_flight"
	cartEmpty             code = "cart_empty"
	checkoutInProgress    code = "checkout_in_progress"
	cartFull              code = "cart_full"
	productUnavailable    code = "product_unavailable"
	nothingToResume       code = "nothing_to_resume"
	webhookURLRefused     code = "webhook_url_refused"
	unknownEventType      code = "unknown_event_type"
	tooManyEndpoints      code = "too_many_endpoints"
	endpointDisabled      code = "endpoint_disabled"
	bodyTooLarge          code = "body_too_large"
	importTooLarge        code = "import_too_large"
	importTooLong         code = "import_too_long"
	tooManyImports        code = "too_many_imports"
	unsupportedMediaType  code = "unsupported_media_type"
	validationFailed      code = "validation_failed"
	weakPassword          code = "weak_password"
	unknownReference      code = "unknown_reference"
	categoryCycle         code = "category_cycle"
	invalidCursor         code = "invalid_cursor"
	idempotencyMismatch   code = "idempotency_mismatch"
	unknownDiscountCode   code = "unknown_discount_code"
	discountNotStarted    code = "discount_not_started"
	discountExpired       code = "discount_expired"
	discountExhausted     code = "discount_exhausted"
	discountAlreadyUsed   code = "discount_already_used"
	discountMinimumNotMet code = "discount_minimum_not_met"
	codeTaken             code = "code_taken"
	notShippable          code = "not_shippable"
	duplicateItem         code = "duplicate_item"
	internalError         code = "internal_error"
	unavailable           code = "unavailable"
	paymentUnavailable    code = "payment_unavailable"
	checkoutStopped       code = "checkout_stopped"

	orderNotCancellable    code = "order_not_cancellable"
	shipmentNotCancellable code = "shipment_not_cancellable"
	shipmentCancelled      code = "shipment_cancelled"
	cancelledByCustomer    code = "cancelled_by_customer"
	cancelledByShop        code = "cancelled_by_shop"
	notDelivered           code = "not_delivered"
	notInOrder             code = "not_in_order"
	tooManyUnits           code = "too_many_units"
	returnWindowOver       code = "return_window_over"
	returnOver             code = "return_over"
	refundExceedsPaid      code = "refund_exceeds_paid"
	nothingToRefund        code = "nothing_to_refund"
	refundNotFailed        code = "refund_not_failed"
	orderImported          code = "order_imported"

	invalidRange     code = "invalid_range"
	runInProgress    code = "run_in_progress"
	runEnded         code = "run_ended"
	runNotReplayable code = "run_not_replayable"
	runPruned        code = "run_pruned"
	runNotRolledBack code = "run_not_rolled_back"

	backfillInProgress code = "backfill_in_progress"
	backfillEnded      code = "backfill_ended"
)

// problems says what each code means: its status, and a sentence for people.
var problems = map[code]struct {
	status int
	detail string
}{
	malformedBody:         {http.StatusBadRequest, "The body is not what it says it is."},
	idempotencyKeyMissing: {http.StatusBadRequest, "This operation needs the header Idempotency-Key."},
	unauthenticated:       {http.StatusUnauthorized, "This operation needs an access token."},
	invalidToken:          {http.StatusUnauthorized, "The access token is not valid."},
	expiredToken:          {http.StatusUnauthorized, "The access token has expired."},
	invalidCredentials:    {http.StatusUnauthorized, "The e-mail address or the password is wrong."},
	invalidRefreshToken:   {http.StatusUnauthorized, "The refresh token is not valid, or no longer; sign in again."},
	paymentDeclined:       {http.StatusPaymentRequired, "The payment was declined."},
	invalidSignature:      {http.StatusUnauthorized, "The signature is missing, wrong or too old."},
	customerInactive:      {http.StatusForbidden, "This customer's account is not active."},
	forbidden:             {http.StatusForbidden, "Your role does not allow this operation."},
	notFound:              {http.StatusNotFound, "There is no such thing, or it is not yours."},
	methodNotAllowed:      {http.StatusMethodNotAllowed, "This path does not take that method."},
	bodyTimeout:           {http.StatusRequestTimeout, "The body did not arrive in time."},
	emailTaken:            {http.StatusConflict, "Somebody is registered with this e-mail address."},
	nameTaken:             {http.StatusConflict, "There is one with this name."},
	skuTaken:              {http.StatusConflict, "The vendor has another product of this SKU."},
	versionMismatch:       {http.StatusPreconditionFailed, "It has been changed since the version that If-Match names: read it again."},
	alreadyReviewed:       {http.StatusConflict, "You have reviewed this product: change that review instead."},
	ownReview:             {http.StatusConflict, "Nobody votes on their own review."},
	insufficientStock:     {http.StatusConflict, "There is less stock that is not reserved than would be taken away."},
	outOfStock:            {http.StatusConflict, "There is less stock available than was asked for."},
	priceChanged:          {http.StatusConflict, "A price has changed since the item was put in the cart."},
	idempotencyInFlight:   {http.StatusConflict, "A request with this Idempotency-Key is still being worked on."},
	cartEmpty:             {http.StatusConflict, "There is nothing in the cart."},
	checkoutInProgress:    {http.StatusConflict, "The cart is being checked out; see how that ends first."},
	cartFull:              {http.StatusConflict, "A cart has room for 100 products."},
	productUnavailable:    {http.StatusConflict, "A product is not for sale, or not any more."},
	tooManyEndpoints:      {http.StatusConflict, "There are 20 webhook endpoints, the most there may be."},
	endpointDisabled:      {http.StatusConflict, "The webhook endpoint is switched off."},
	unknownEventType:      {http.StatusUnprocessableEntity, "There are no events of that type."},
	webhookURLRefused:     {http.StatusUnprocessableEntity, "Webhooks go to https addresses on port 443 or 8443 of the public internet."},
	nothingToResume:       {http.StatusConflict, "This order is over, or was imported: no workflow has anything left to do."},
	bodyTooLarge:          {http.StatusRequestEntityTooLarge, "The body is larger than this operation takes: 1 MiB."},
	importTooLarge:        {http.StatusRequestEntityTooLarge, "The file is larger than an import takes: 64 MiB."},
	importTooLong:         {http.StatusRequestEntityTooLarge, "The file has more lines than an import takes: 500,000."},
	tooManyImports:        {http.StatusConflict, "There are five imports that have not ended, the most there may be."},
	unsupportedMediaType:  {http.StatusUnsupportedMediaType, "The body must be of the media type that the operation documents."},
	validationFailed:      {http.StatusUnprocessableEntity, "The request does not fit the operation."},
	weakPassword:          {http.StatusUnprocessableEntity, "This password would be guessed; choose a longer or less common one."},
	unknownReference:      {http.StatusUnprocessableEntity, "Something the request refers to does not exist."},
	categoryCycle:         {http.StatusUnprocessableEntity, "A category cannot be below itself."},
	invalidCursor:         {http.StatusUnprocessableEntity, "The cursor is not one that this list has given."},
	idempotencyMismatch:   {http.StatusUnprocessableEntity, "This Idempotency-Key was used with another request."},
	unknownDiscountCode:   {http.StatusUnprocessableEntity, "There is no such discount code."},
	discountNotStarted:    {http.StatusUnprocessableEntity, "This discount code is not valid yet."},
	discountExpired:       {http.StatusUnprocessableEntity, "This discount code has expired."},
	discountExhausted:     {http.StatusUnprocessableEntity, "This discount code is used up."},
	discountAlreadyUsed:   {http.StatusUnprocessableEntity, "This discount code has been used by this customer."},
	discountMinimumNotMet: {http.StatusUnprocessableEntity, "The goods are not worth enough for this discount code."},
	codeTaken:             {http.StatusConflict, "There is a discount with this code."},
	notShippable:          {http.StatusUnprocessableEntity, "The shop has no tax or shipping rate for this country at this weight."},
	duplicateItem:         {http.StatusUnprocessableEntity, "A product is listed twice; list it once, with the sum."},
	internalError:         {http.StatusInternalServerError, "Something went wrong here. The request id helps us to find it."},
	wrongPassword:         {http.StatusUnprocessableEntity, "The current password is another."},
	lastAdmin:             {http.StatusConflict, "Nobody would be left who can grant roles."},
	notACustomer:          {http.StatusConflict, "The role customer is for somebody who has registered as one."},
	tooManyAttempts:       {http.StatusTooManyRequests, "Too many attempts. Retry-After says when the next one counts."},
	busy:                  {http.StatusServiceUnavailable, "More people sign in than passwords can be checked. Try again."},
	unavailable:           {http.StatusServiceUnavailable, "A part that this operation needs does not answer. Try again."},
	paymentUnavailable:    {http.StatusServiceUnavailable, "The payment provider did not answer. Nothing was charged; check out again."},
	checkoutStopped:       {http.StatusServiceUnavailable, "The checkout was stopped by an operator. Nothing was charged."},

	orderNotCancellable:    {http.StatusConflict, "Something of the order was sent off, or it is over: it cannot be cancelled any more."},
	shipmentNotCancellable: {http.StatusConflict, "The shipment was sent off: it cannot be cancelled any more."},
	shipmentCancelled:      {http.StatusConflict, "The shipment was cancelled: it must not be sent."},
	cancelledByCustomer:    {http.StatusConflict, "The order was cancelled by its customer before it was confirmed. Nothing was charged."},
	cancelledByShop:        {http.StatusConflict, "The order was cancelled by the shop before it was confirmed. Nothing was charged."},
	notDelivered:           {http.StatusConflict, "Nothing of the order has arrived: what was not sent can be cancelled, what is on its way be returned once it is there."},
	notInOrder:             {http.StatusUnprocessableEntity, "What has arrived of the order does not hold this product."},
	tooManyUnits:           {http.StatusConflict, "There are fewer units left to give back."},
	returnWindowOver:       {http.StatusConflict, "The time to send this back is over."},
	returnOver:             {http.StatusConflict, "The return was received or rejected before."},
	refundExceedsPaid:      {http.StatusConflict, "Less than this is left to refund."},
	nothingToRefund:        {http.StatusConflict, "This cost nothing; goods that come back are booked in as a return."},
	refundNotFailed:        {http.StatusConflict, "Only a refund that has failed can be asked for again."},
	orderImported:          {http.StatusConflict, "The order was imported as history: nobody can be asked to pay its money back."},

	invalidRange:     {http.StatusUnprocessableEntity, "These are no days that can be loaded."},
	runInProgress:    {http.StatusConflict, "The run is under way: wait for its end, or cancel it first."},
	runEnded:         {http.StatusConflict, "The run has ended."},
	runPruned:        {http.StatusConflict, "The files of the run are removed, because it is older than is kept: load its days again."},
	runNotRolledBack: {http.StatusConflict, "What the run has published cannot be undone."},
	runNotReplayable: {http.StatusConflict, "The run cannot be done again from there."},

	backfillInProgress: {http.StatusConflict, "A backfill of these days is under way, and loads another number of months at once."},
	backfillEnded:      {http.StatusConflict, "The backfill has ended."},
}

package store

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// What a caller may have to decide on.
var (
	// ErrNotFound is returned when a row that was asked for does not exist.
	ErrNotFound = errors.New("not found")
	// ErrEmailTaken is returned when somebody is registered with an e-mail address.
	ErrEmailTaken = errors.New("e-mail address is taken")
	// ErrNameTaken is returned when a vendor or category of the name exists.
	ErrNameTaken = errors.New("name is taken")
	// ErrCodeTaken is returned when a discount of the code exists.
	ErrCodeTaken = errors.New("discount code is taken")
	// ErrUnknownVendor is returned when a product's vendor does not exist.
	ErrUnknownVendor = errors.New("unknown vendor")
	// ErrUnknownCategory is returned when a product's or category's category does not exist.
	ErrUnknownCategory = errors.New("unknown category")
	// ErrSKUTaken is returned when the vendor has another product of this SKU.
	ErrSKUTaken = errors.New("SKU is taken")
	// ErrReviewed is returned when the customer has reviewed the product before.
	ErrReviewed = errors.New("product is reviewed by the customer")
	// ErrNoPurchase is returned when a review names an order that is none of the customer's, was not
	// sold or does not hold the product.
	ErrNoPurchase = errors.New("order does not hold the product")
	// ErrOwnReview is returned when somebody votes on what they wrote themselves.
	ErrOwnReview = errors.New("review is one's own")
	// ErrVersion is returned when somebody else has changed a row since its version was read.
	ErrVersion = errors.New("version is not the current one")
	// ErrBlank is returned when a name has nothing but blanks, of whatever kind.
	ErrBlank = errors.New("name is blank")
	// ErrShortage is returned, as a *Shortage, when there is less stock that is not reserved than
	// was asked for.
	ErrShortage = errors.New("too little free stock")
)

// constraints says what it means to a caller that a constraint was violated.
var constraints = map[string]error{
	"customers_email_key":                ErrEmailTaken,
	"users_email_key":                    ErrEmailTaken,
	"users_customer_id_key":              ErrEmailTaken,
	"vendors_vendor_name_key":            ErrNameTaken,
	"categories_name_key":                ErrNameTaken,
	"products_vendor_id_sku_key":         ErrSKUTaken,
	"reviews_product_id_customer_id_key": ErrReviewed,
	"reviews_product_id_fkey":            ErrNotFound,
	"review_votes_review_id_fkey":        ErrNotFound,
	"imports_vendor_id_fkey":             ErrUnknownVendor,
	"products_vendor_id_fkey":            ErrUnknownVendor,
	"products_category_id_fkey":          ErrUnknownCategory,
	"categories_parent_id_fkey":          ErrUnknownCategory,
	"categories_check":                   ErrCategoryCycle,
	"discounts_code_key":                 ErrCodeTaken,
	"vendors_vendor_name_check":          ErrBlank,
	"categories_name_check":              ErrBlank,
	"products_item_name_check":           ErrBlank,
	"customers_first_name_check":         ErrBlank,
	"customers_last_name_check":          ErrBlank,
}

// failed wraps err with what was being done, and with what it means to a caller where that is
// known. nil stays nil.
func failed(doing string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("%s: %w", doing, ErrNotFound)
	}
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		for _, meaning := range []error{constraints[refused.ConstraintName], refusal(refused)} {
			if meaning != nil {
				return fmt.Errorf("%s: %w: %w", doing, meaning, err)
			}
		}
	}
	return fmt.Errorf("%s: %w", doing, err)
}

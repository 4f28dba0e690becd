package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"mercado/internal/auth"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// reviews serves what customers say of products.
func (a *API) reviews() {
	const ofProduct, one = "/api/catalog/products/{id}/reviews", "/api/catalog/reviews/{id}"
	register(a, operation{
		id: "list-reviews", method: http.MethodGet, path: ofProduct,
		summary: "List the reviews of a product", tag: "reviews", revalidated: true,
		permission: auth.Public, problems: []code{notFound, invalidCursor},
	}, a.listReviews)
	register(a, operation{
		id: "create-review", method: http.MethodPost, path: ofProduct,
		summary: "Review a product", tag: "reviews", status: http.StatusCreated,
		about: "Once for each product. The review is of a verified purchase where a sold order of the customer's holds the " +
			"product: the one that `order_id` names, or their last.",
		permission: auth.WriteReviews, problems: []code{notFound, alreadyReviewed, unknownReference, customerInactive},
	}, a.createReview)
	register(a, operation{
		id: "get-review", method: http.MethodGet, path: one,
		summary: "Show a review", tag: "reviews", revalidated: true,
		permission: auth.Public, problems: []code{notFound},
	}, a.getReview)
	register(a, operation{
		id: "update-review", method: http.MethodPatch, path: one,
		summary: "Change what is sent of one's own review", tag: "reviews",
		about:      "What is left out stays; null clears `title` and `comment`.",
		permission: auth.WriteReviews, problems: []code{notFound, versionMismatch},
	}, a.updateReview)
	register(a, operation{
		id: "delete-review", method: http.MethodDelete, path: one,
		summary: "Delete one's own review; an operator, any", tag: "reviews",
		permission: auth.DeleteReviews, problems: []code{notFound, versionMismatch},
	}, a.deleteReview)
	register(a, operation{
		id: "vote-on-review", method: http.MethodPut, path: one + "/vote",
		summary: "Say whether a review of somebody else's has helped", tag: "reviews",
		about:      "One vote for each customer; another replaces it.",
		permission: auth.WriteReviews, problems: []code{notFound, ownReview},
	}, a.voteOnReview)
	register(a, operation{
		id: "take-back-vote", method: http.MethodDelete, path: one + "/vote",
		summary: "Take one's vote on a review back", tag: "reviews", status: http.StatusOK,
		permission: auth.WriteReviews, problems: []code{notFound, ownReview},
	}, a.takeBackVote)
}

type review struct {
	ID                 int64      `json:"id"`
	ProductID          int64      `json:"product_id"`
	CustomerID         int64      `json:"customer_id"`
	OrderID            *uuid.UUID `json:"order_id,omitempty" nullable:"true" doc:"Only for its author and for operators."`
	Rating             int16      `json:"rating" minimum:"1" maximum:"5"`
	Title              string     `json:"title"`
	Comment            string     `json:"comment"`
	ReviewDate         time.Time  `json:"review_date"`
	IsVerifiedPurchase bool       `json:"is_verified_purchase"`
	HelpfulVotes       int32      `json:"helpful_votes"`
	TotalVotes         int32      `json:"total_votes"`
	Version            int64      `json:"version" doc:"Counts the changes; the ETag begins with it."`
	UpdatedAt          time.Time  `json:"updated_at"`
}

func reviewOf(row shopdb.CatalogReview, to auth.Principal) review {
	shown := review{
		ID: row.ID, ProductID: row.ProductID, CustomerID: row.CustomerID, Rating: row.Rating, Title: row.Title,
		Comment: row.Comment, ReviewDate: row.ReviewDate.UTC(), IsVerifiedPurchase: row.IsVerifiedPurchase,
		HelpfulVotes: row.HelpfulVotes, TotalVotes: row.TotalVotes, Version: row.Version, UpdatedAt: row.UpdatedAt.UTC(),
	}
	if to.Has(auth.Admin) || (to.Has(auth.Customer) && to.CustomerID == row.CustomerID) {
		shown.OrderID = row.OrderID
	}
	return shown
}

type listReviewsInput struct {
	ByID
	Page
	Revalidate
	Rating   optional[int32] `query:"rating" minimum:"1" maximum:"5"`
	Verified optional[bool]  `query:"verified" doc:"Only those of verified purchases, or only the others."`
	Sort     string          `query:"sort" enum:"newest,oldest,rating,-rating,helpful" default:"newest"`
}

func (a *API) listReviews(ctx context.Context, in *listReviewsInput) (*kept[List[review]], error) {
	if _, err := a.DB.Product(ctx, in.ID); err != nil {
		return nil, err
	}
	asked := shopdb.ListReviewsParams{
		ProductID: in.ID, Rating: in.Rating.value(), Verified: in.Verified.value(), Sort: in.Sort, RowLimit: in.fetch(),
	}
	var after *store.ReviewKey
	if err := in.after(&after); err != nil {
		return nil, err
	}
	if after != nil {
		if after.Order != in.Sort {
			return nil, problem(invalidCursor)
		}
		asked.AfterID, asked.AfterTime, asked.AfterNumber = &after.ID, &after.Time, &after.Number
	}
	rows, err := a.DB.ListReviews(ctx, asked)
	if err != nil {
		return nil, err
	}
	who := principalOf(ctx)
	show := func(row shopdb.CatalogReview) review { return reviewOf(row, who) }
	key := func(row shopdb.CatalogReview) any {
		number := int32(row.Rating)
		if in.Sort == "helpful" {
			number = row.HelpfulVotes
		}
		return store.ReviewKey{Order: in.Sort, ID: row.ID, Time: row.ReviewDate, Number: number}
	}
	return keep(ctx, in.Revalidate, 0, paged(in.Page, rows, show, key))
}

type createReviewInput struct {
	ByID
	Body struct {
		OrderID *uuid.UUID `json:"order_id,omitempty" nullable:"true"`
		Rating  int16      `json:"rating" minimum:"1" maximum:"5"`
		Title   string     `json:"title,omitempty" maxLength:"200"`
		Comment string     `json:"comment,omitempty" maxLength:"10000"`
	} `nameHint:"NewReview"`
}

func (a *API) createReview(ctx context.Context, in *createReviewInput) (*versioned[review], error) {
	row, err := a.DB.AddReview(ctx, shopdb.CreateReviewParams{
		ProductID: in.ID, CustomerID: principalOf(ctx).CustomerID, OrderID: in.Body.OrderID,
		Rating: in.Body.Rating, Title: strings.TrimSpace(in.Body.Title), Comment: strings.TrimSpace(in.Body.Comment),
	})
	if errors.Is(err, store.ErrNoPurchase) {
		return nil, unknown("body.order_id", "no order of yours that holds the product and was sold")
	}
	return a.changedReview(ctx, row, err)
}

// changedReview answers a change; the product shows its average from now on.
func (a *API) changedReview(ctx context.Context, row shopdb.CatalogReview, err error) (*versioned[review], error) {
	if err != nil {
		return nil, err
	}
	a.forgetCatalogue()
	return versionedOf(row.Version, reviewOf(row, principalOf(ctx))), nil
}

func (a *API) getReview(ctx context.Context, in *readByID) (*kept[review], error) {
	row, err := a.DB.Review(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return keep(ctx, in.Revalidate, row.Version, reviewOf(row, principalOf(ctx)))
}

type updateReviewInput struct {
	ByID
	Expect
	Body struct {
		Rating  *int16           `json:"rating,omitempty" minimum:"1" maximum:"5"`
		Title   nullable[string] `json:"title,omitempty" maxLength:"200"`
		Comment nullable[string] `json:"comment,omitempty" maxLength:"10000"`
	} `nameHint:"ReviewChange"`
}

func (a *API) updateReview(ctx context.Context, in *updateReviewInput) (*versioned[review], error) {
	row, err := a.DB.ChangeReview(ctx, shopdb.UpdateReviewParams{
		ID: in.ID, CustomerID: principalOf(ctx).CustomerID, Versions: in.versions(),
		Rating: in.Body.Rating, Title: trimmed(orEmpty(in.Body.Title)), Comment: trimmed(orEmpty(in.Body.Comment)),
	})
	return a.changedReview(ctx, row, err)
}

func (a *API) deleteReview(ctx context.Context, in *changeByID) (*struct{}, error) {
	which := shopdb.DeleteReviewParams{ID: in.ID, Versions: in.versions()}
	if who := principalOf(ctx); !who.Has(auth.Admin) {
		which.CustomerID = &who.CustomerID
	}
	err := a.DB.RemoveReview(ctx, which)
	a.forgetCatalogue()
	return nil, err
}

type voteInput struct {
	ByID
	Body struct {
		IsHelpful bool `json:"is_helpful"`
	} `nameHint:"ReviewVote"`
}

func (a *API) voteOnReview(ctx context.Context, in *voteInput) (*versioned[review], error) {
	row, err := a.DB.Vote(ctx, in.ID, principalOf(ctx).CustomerID, &in.Body.IsHelpful)
	return a.changedReview(ctx, row, err)
}

func (a *API) takeBackVote(ctx context.Context, in *ByID) (*versioned[review], error) {
	row, err := a.DB.Vote(ctx, in.ID, principalOf(ctx).CustomerID, nil)
	return a.changedReview(ctx, row, err)
}

package devstack

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/minio/madmin-go/v3"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"mercado/deploy/policies"
	"mercado/internal/lake"
	"mercado/internal/settings"
)

// EnsureRoles makes an account for each role of the lake, with the role's policy and no other, or makes
// them what they should be by now. It speaks MinIO's own language, as there is no other for this:
// elsewhere deploy/policies is applied by other means.
func EnsureRoles(ctx context.Context, s settings.ObjectStore) error {
	endpoint, err := url.Parse(s.Endpoint)
	if err != nil {
		return fmt.Errorf("roles: %w", err)
	}
	admin, err := madmin.NewWithOptions(endpoint.Host, &madmin.Options{
		Creds: credentials.NewStaticV4(s.AccessKey, s.SecretKey, ""), Secure: endpoint.Scheme == "https",
	})
	if err != nil {
		return fmt.Errorf("roles: %w", err)
	}
	for _, role := range policies.Roles() {
		if err := ensureRole(ctx, admin, s, role); err != nil {
			return fmt.Errorf("role %s: %w", role, err)
		}
	}
	return nil
}

func ensureRole(ctx context.Context, admin *madmin.AdminClient, s settings.ObjectStore, role string) error {
	policy, err := policies.Of(role, s.BucketPrefix)
	if err != nil {
		return err
	}
	accessKey, secretKey := lake.Account(s, role)
	if err := admin.AddCannedPolicy(ctx, accessKey, policy); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	if err := admin.SetUser(ctx, accessKey, secretKey, madmin.AccountEnabled); err != nil {
		return fmt.Errorf("account: %w", err)
	}
	account, err := admin.GetUserInfo(ctx, accessKey)
	if err != nil {
		return fmt.Errorf("account: %w", err)
	}
	others := slices.DeleteFunc(strings.Split(account.PolicyName, ","), func(name string) bool { return name == "" || name == accessKey })
	if len(others) > 0 {
		if _, err := admin.DetachPolicy(ctx, madmin.PolicyAssociationReq{Policies: others, User: accessKey}); err != nil {
			return fmt.Errorf("other policies: %w", err)
		}
	}
	_, err = admin.AttachPolicy(ctx, madmin.PolicyAssociationReq{Policies: []string{accessKey}, User: accessKey})
	if madmin.ToErrorResponse(err).Code == alreadyAttached {
		return nil
	}
	return err
}

// alreadyAttached is what MinIO answers when an account has the policy.
const alreadyAttached = "XMinioAdminPolicyChangeAlreadyApplied"

package store_test

import (
	"testing"

	"mercado/internal/devstack/stacktest"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

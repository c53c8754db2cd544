package audit_test

import (
	"testing"

	"github.com/voilet/QuicFlow/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

package id

import (
	"slices"
	"testing"
)

func TestTenants_Scan(t *testing.T) {
	t.Parallel()
	a, b := New[Tenant](), New[Tenant]()
	for _, tt := range []struct {
		src  any
		want Tenants
		isOK bool
	}{
		{nil, nil, true},
		{slices.Concat(a.u[:], b.u[:]), Tenants{a, b}, true},
		{a.u[:15], nil, false},
		{a.String(), nil, false},
	} {
		got := Tenants{New[Tenant]()}
		err := got.Scan(tt.src)
		if (err == nil) != tt.isOK || tt.isOK && !slices.Equal(got, tt.want) {
			t.Errorf("%v: %v, %v", tt.src, got, err)
		}
	}
}

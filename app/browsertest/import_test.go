package browsertest

import (
	"os"
	"path/filepath"
	"testing"

	"tierbook/app/kernel/routes"
	"tierbook/app/sitetest"
)

// realCUR is a Cost and Usage Report as AWS has delivered it.
const realCUR = "../../../shared/data/aws-cur-legacy/bucket-a/koku-local/20180801-20180901"

// A real file is uploaded, followed to its end, and its accounts are there.
func TestStory_UploadOfARealFile(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(realCUR + "/*/*")
	if err != nil || len(files) != 2 {
		if _, err := os.Stat("../../../shared/data"); os.IsNotExist(err) {
			t.Skipf("NOT TESTED: there is no folder %s with files as providers deliver them", "../shared/data")
		}
		t.Fatalf("the files of %s: %v, %v", realCUR, files, err)
	}
	for i := range files {
		if files[i], err = filepath.Abs(files[i]); err != nil {
			t.Fatal(err)
		}
	}
	s := sitetest.Own(t)
	p := Open(t, s).As(s.Person(t, sitetest.Distributor, "admin"))
	p.Go(routes.ImportNew)
	p.Upload("input[name=file]", files...)
	p.Click("button|Import")
	p.Until("the import's page", `/^\/usage\/imports\/[0-9a-f-]{36}$/.test(location.pathname)`)
	p.Wait("dd|Complete")
	p.Wait(".tb-figure|Rows")
	p.Wait("table td|2018-08")
	p.Accessible("a complete import")

	p.Go(routes.Accounts + "?unassigned=1")
	found := s.Find(t, `SELECT a.account, a.provider FROM usage_accounts a JOIN usage_segment_accounts sa ON sa.account_id = a.id WHERE sa.period = '2018-08-01'`)
	if len(found) == 0 {
		t.Fatal("no accounts were found in the file")
	}
	for account := range found {
		p.Wait("tbody tr|" + account)
	}
}

module kbs.test/lab/pause

go 1.20

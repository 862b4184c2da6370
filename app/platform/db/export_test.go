package db

// NewProvider gives the tests single steps of the migrations.
var NewProvider = newProvider

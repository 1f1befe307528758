// The releases are chosen with -modfile (1.11.mod … 1.14.mod); this file only marks the module's root.
module ichor.dev/tools/talos-documents

go 1.26.0

//! Links the modules so that they import their memory, which has a maximum. `package.mjs` says where it comes from.

/// The most memory of a module, in bytes: a document and what reading it may hold (68 MiB, `limits::MAX_CALL_BYTES`),
/// and what the module has for itself.
/// A Worker has 128 MiB in all; 32 of the rest are the document where JavaScript got it.
const MAX_MEMORY: u32 = 80 * 1024 * 1024;

fn main() {
    println!("cargo::rustc-link-arg-cdylib=--import-memory");
    println!("cargo::rustc-link-arg-cdylib=--max-memory={MAX_MEMORY}");
    println!("cargo::rerun-if-changed=build.rs");
}

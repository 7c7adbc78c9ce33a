//! Links the modules so that they import their memory, which has a maximum. `package.mjs` says where it comes from.

/// The most memory of a module, in bytes. A Worker has 128 MiB in all; this leaves half of them for the rest.
const MAX_MEMORY: u32 = 64 * 1024 * 1024;

fn main() {
    println!("cargo::rustc-link-arg-cdylib=--import-memory");
    println!("cargo::rustc-link-arg-cdylib=--max-memory={MAX_MEMORY}");
    println!("cargo::rerun-if-changed=build.rs");
}

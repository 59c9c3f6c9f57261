//! What `std` would have told the linker (for ELF systems, such as Linux).

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // The C library, which calls `main`.
    println!("cargo::rustc-link-lib=c");
    // `core` comes built for unwinding and names the routine for it, which is `std`'s. With
    // `panic = "abort"` nothing unwinds and nothing calls it: the name gets no address.
    println!("cargo::rustc-link-arg-bins=-Wl,--defsym=rust_eh_personality=0");
}

//! Both ends of a connection in memory, on the engine alone: no `std`, no allocator. The exit code
//! is 0, or the number of the step that failed.
//!
//! What it proves is proven by linking: see README.md.

#![no_std]
#![no_main]

mod conversation;

/// The place where the C runtime begins.
// The one thing that cannot be said without the word: that this symbol is the program's only `main`.
#[expect(unsafe_code, reason = "an unmangled name is an unsafe attribute; no code is unsafe")]
#[unsafe(no_mangle)]
pub extern "C" fn main() -> core::ffi::c_int {
    match conversation::run() {
        Ok(()) => 0,
        Err(step) => step as core::ffi::c_int,
    }
}

/// `std` has one of its own: were it linked, this would be a second one, and an error.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // There is nobody to tell. The process hangs, and whoever started it has a limit of time.
    loop {
        core::hint::spin_loop();
    }
}

//! The raw TCP echo as a program: prints `listening PORT`, and echoes until its standard input ends.

fn main() -> std::io::Result<()> {
    longwire_benches::raw_echo::serve(longwire_benches::listening::listen()?)
}

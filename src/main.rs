use std::process::ExitCode;

fn main() -> ExitCode {
    ut::run()
}

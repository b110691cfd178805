//! Ctrl-C, SIGTERM and SIGHUP end the process at once, except while a file is being put in place:
//! then they wait for that, so that nothing is left half-written and no temporary file stays. Commands that are to
//! end with the process are killed before.
//!
//! The process ends by the signal itself, so a shell sees 130 or 143.

use std::sync::{Condvar, Mutex, MutexGuard, Once, PoisonError};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// How many guards there are.
static HELD: Mutex<usize> = Mutex::new(0);
static RELEASED: Condvar = Condvar::new();
static WATCH: Once = Once::new();
/// The groups of processes that end with this one.
static GROUPS: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// While this lives, signals wait.
pub(crate) struct Hold(());

/// Makes signals wait until the returned guard is dropped; there may be several, one inside another too.
pub(crate) fn hold() -> Hold {
    WATCH.call_once(watch);
    *lock() += 1;
    Hold(())
}

impl Drop for Hold {
    fn drop(&mut self) {
        *lock() -= 1;
        RELEASED.notify_all();
    }
}

fn lock() -> MutexGuard<'static, usize> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While this lives, a group of processes ends with this one.
pub(crate) struct Tied(Pid);

/// Has the group killed when a signal ends this process, until the returned guard is dropped. The group is begun and
/// tied under one [`hold`]: no signal comes between.
pub(crate) fn kill_with_us(group: Pid) -> Tied {
    groups().push(group);
    Tied(group)
}

impl Drop for Tied {
    fn drop(&mut self) {
        groups().retain(|group| *group != self.0);
    }
}

fn groups() -> MutexGuard<'static, Vec<Pid>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where a handler cannot be installed, the signals keep their default: the process ends at once.
fn watch() {
    // ctrlc does not tell SIGINT from SIGTERM, and the exit code must.
    let _ = ctrlc::set_handler(|| end_by(SIGINT));
    if let Ok(mut signals) = Signals::new([SIGTERM, SIGHUP]) {
        std::thread::spawn(move || signals.forever().for_each(end_by));
    }
}

fn end_by(signal: i32) {
    let waited = RELEASED.wait_while(lock(), |held| *held > 0);
    // Nothing new is begun from here on.
    let _none_begins = waited.unwrap_or_else(PoisonError::into_inner);
    for group in groups().iter() {
        let _ = killpg(*group, Signal::SIGKILL);
    }
    let _ = emulate_default_handler(signal);
}

//! The breaker's own time, which neither steps nor starts anew with the machine.

use serde::{Deserialize, Serialize};

use super::record::{Millis, Record};

/// Wall clocks may step back by so much before a record's times follow them.
const TOLERATED: Millis = 5_000;

/// What the machine's clocks say at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Which boot this is; none where the system does not tell.
    pub boot: Option<String>,
    /// Milliseconds since that boot, sleep included.
    pub uptime: Millis,
    /// Milliseconds since 1970.
    pub wall: Millis,
}

/// Where the breaker's time is tied to a boot's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Clock {
    pub boot: Option<String>,
    pub uptime_at_anchor: Millis,
    pub time_at_anchor: Millis,
    /// Time never goes back behind this.
    pub last_seen: Millis,
}

impl Clock {
    pub fn new(reading: &Reading) -> Self {
        Self {
            boot: reading.boot.clone(),
            uptime_at_anchor: reading.uptime,
            time_at_anchor: reading.wall,
            last_seen: reading.wall,
        }
    }
}

impl Record {
    /// Milliseconds of the breaker's time. Within a boot it runs with the boot's clock, whatever the wall clock
    /// does; after a reboot it goes on by what has certainly passed, or by the wall clock if that says more.
    pub fn now(&mut self, reading: &Reading) -> Millis {
        let clock = &mut self.clock;
        let now = if reading.boot.is_none() {
            // With nothing but the wall clock, the record follows it back.
            if reading.wall < clock.last_seen.saturating_sub(TOLERATED) {
                self.shift(reading.wall.saturating_sub(self.clock.last_seen));
            }
            reading.wall
        } else if clock.boot == reading.boot {
            let since = reading.uptime.saturating_sub(clock.uptime_at_anchor);
            clock.time_at_anchor.saturating_add(since)
        } else {
            let now = reading.wall.max(clock.last_seen.saturating_add(reading.uptime.max(0)));
            clock.boot.clone_from(&reading.boot);
            (clock.uptime_at_anchor, clock.time_at_anchor) = (reading.uptime, now);
            now
        };
        let now = now.max(self.clock.last_seen);
        self.clock.last_seen = now;
        now
    }

    fn shift(&mut self, by: Millis) {
        let move_to = |time: &mut Millis| *time = time.saturating_add(by);
        self.fail_at.iter_mut().for_each(move_to);
        [&mut self.opened_at, &mut self.open_until, &mut self.changed_at]
            .into_iter()
            .flatten()
            .for_each(move_to);
        for lease in &mut self.leases {
            move_to(&mut lease.granted_at);
            move_to(&mut lease.until);
        }
        self.last_failure.iter_mut().for_each(|failure| move_to(&mut failure.at));
        move_to(&mut self.clock.last_seen);
    }
}

//! The breaker's moves, against a plainer machine and the invariants that hold after any sequence of events.

use std::collections::HashSet;

use ut::core::breaker::{
    Admission, Clock, Command, Go, Millis, Outcome, Reading, Record, Refusal, Rule, Settings,
    State, What,
};
use ut::core::process::Process;

/// Numbers that look random.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % n
    }
}

fn at(uptime: Millis) -> Reading {
    Reading { boot: Some("this".to_owned()), uptime, wall: 1_000_000 + uptime }
}

fn record() -> Record {
    Record::new(Clock::new(&at(0)))
}

fn holder(pid: u32) -> Process {
    Process { pid, ..Process::default() }
}

fn failure() -> Outcome {
    Outcome::Failure(What { kind: "exit".to_owned(), code: Some(1), text: String::new() })
}

fn outcome(number: u64) -> Outcome {
    match number {
        0 => Outcome::Success,
        1..=4 => failure(),
        5 => match failure() {
            Outcome::Failure(what) => Outcome::Timeout(what),
            other => other,
        },
        _ => Outcome::Neutral,
    }
}

/// The same moves in the plainest way: all failures are kept, nothing is counted.
struct Plain {
    state: State,
    generation: u64,
    failures: Vec<Millis>,
    until: Option<Millis>,
    reopened: i32,
    successes: u32,
    places: Vec<(u32, Millis, u64)>,
}

impl Plain {
    fn change(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
        self.places.clear();
        self.successes = 0;
    }

    fn open(&mut self, settings: &Settings, now: Millis) {
        self.change(State::Open);
        let wait = settings.open_for as f64 * settings.open_multiplier.powi(self.reopened);
        self.until = Some(now + wait.min(settings.open_max as f64) as Millis);
    }

    fn close(&mut self) {
        self.change(State::Closed);
        self.failures.clear();
        self.reopened = 0;
    }

    /// Whether it goes, as a probe or not.
    fn admit(
        &mut self,
        s: &Settings,
        now: Millis,
        pid: u32,
        dead: &HashSet<u32>,
        n: u64,
    ) -> Option<bool> {
        if [State::Open, State::ForcedOpen].contains(&self.state) {
            if self.until.is_none_or(|until| now < until) {
                return None;
            }
            self.change(State::HalfOpen);
        }
        if self.state != State::HalfOpen {
            return Some(false);
        }
        self.places.retain(|(pid, _, _)| !dead.contains(pid));
        if self.places.iter().any(|(_, until, _)| *until < now) {
            self.reopened += 1;
            self.open(s, now);
            return None;
        }
        (self.places.len() < s.probes).then(|| {
            self.places.push((pid, now + s.probe_lease, n));
            true
        })
    }

    fn settle(&mut self, s: &Settings, generation: u64, n: u64, outcome: &Outcome, now: Millis) {
        let failed = matches!(outcome, Outcome::Failure(_) | Outcome::Timeout(_));
        if generation != self.generation || *outcome == Outcome::Neutral && self.places.is_empty() {
            return;
        }
        if self.state == State::Closed && failed {
            self.failures.push(now);
            let newest = self.failures.iter().rev().take(s.threshold);
            let together = newest.filter(|t| s.rule == Rule::Consecutive || now - **t <= s.window);
            if together.count() == s.threshold {
                self.open(s, now);
            }
        } else if self.state == State::Closed && s.rule == Rule::Consecutive {
            self.failures.clear();
        } else if self.state == State::HalfOpen && self.places.iter().any(|p| p.2 == n) {
            self.places.retain(|place| place.2 != n);
            if failed {
                self.reopened += 1;
                self.open(s, now);
            } else if *outcome == Outcome::Success {
                self.successes += 1;
                if self.successes >= s.successes_to_close {
                    self.close();
                }
            }
        }
    }
}

fn some_settings(draw: &mut Draw) -> Settings {
    Settings {
        rule: if draw.below(3) == 0 { Rule::Consecutive } else { Rule::Count },
        threshold: 1 + draw.below(6) as usize,
        window: 1 + draw.below(60_000) as Millis,
        open_for: draw.below(60_000) as Millis,
        open_multiplier: [1.0, 2.0][draw.below(2) as usize],
        probes: 1 + draw.below(3) as usize,
        successes_to_close: 1 + draw.below(3) as u32,
        probe_lease: 1 + draw.below(30_000) as Millis,
        ..Settings::default()
    }
}

fn invariants(before: &Record, after: &Record, s: &Settings) {
    assert!(after.leases.len() <= s.probes, "I1");
    assert!(after.generation >= before.generation, "I5");
    if before.state != after.state {
        assert!(after.generation > before.generation, "I5");
    }
    let sum = |r: &Record| {
        let t = &r.totals;
        [t.success, t.failure, t.timeout, t.neutral, t.rejected, t.lost_died, t.lost_overran]
    };
    assert!(sum(before).iter().zip(sum(after)).all(|(a, b)| *a <= b), "I7");
    assert!(after.fail_at.len() <= s.threshold && after.fail_at.iter().is_sorted(), "I8");
}

/// Events of every kind, in any order.
fn sequence(seed: u64) {
    let draw = &mut Draw(seed);
    let settings = some_settings(draw);
    let mut own = record();
    let mut plain = Plain {
        state: State::Closed,
        generation: 0,
        failures: Vec::new(),
        until: None,
        reopened: 0,
        successes: 0,
        places: Vec::new(),
    };
    let (mut uptime, mut pids, mut settled) = (0, 0_u32, 0);
    let (mut under_way, mut dead): (Vec<(Go, u64, u64)>, _) = (Vec::new(), HashSet::new());
    for event in 0..=draw.below(200) {
        uptime += draw.below(8_000) as Millis;
        let before = own.clone();
        let now = own.now(&at(uptime));
        match draw.below(20) {
            0..=8 => {
                pids += 1;
                let is_dead = |holder: &Process| dead.contains(&holder.pid);
                let got = own.admit(&settings, now, &holder(pids), is_dead, 0.0);
                let want = plain.admit(&settings, now, pids, &dead, event);
                match (got, want) {
                    (Admission::Go(go), Some(is_probe)) => {
                        assert_eq!(go.is_probe(), is_probe);
                        under_way.push((go, plain.generation, event));
                    }
                    (Admission::No(Refusal { retry_in, .. }), None) => {
                        assert!(retry_in.is_none_or(|wait| wait >= 0), "I2");
                    }
                    other => panic!("seed {seed}, event {event}: {other:?}"),
                }
            }
            9..=17 if !under_way.is_empty() => {
                let one = draw.below(under_way.len() as u64) as usize;
                let (go, generation, number) = under_way.swap_remove(one);
                let outcome = outcome(draw.below(8));
                plain.settle(&settings, generation, number, &outcome, now);
                settled += 1;
                let is_neutral = outcome == Outcome::Neutral;
                own.settle(&settings, go, outcome, now, 0.0);
                if is_neutral {
                    let same = (before.state, &before.fail_at) == (own.state, &own.fail_at);
                    assert!(same, "I9, I10");
                }
                if generation != before.generation {
                    assert_eq!(own.state, before.state, "I6");
                }
            }
            18 => drop(dead.insert(1 + draw.below(u64::from(pids) + 1) as u32)),
            _ if draw.below(5) == 0 => {
                let for_ = (draw.below(2) == 0).then_some(1_000);
                let command =
                    [Command::Reset, Command::Open { for_ }, Command::Disable, Command::Enable]
                        [draw.below(4) as usize];
                match command {
                    Command::Reset => plain.close(),
                    Command::Open { for_ } => {
                        plain.change(State::ForcedOpen);
                        plain.until = for_.map(|for_| now + for_);
                    }
                    Command::Disable => plain.change(State::Disabled),
                    Command::Enable if plain.state == State::Disabled => plain.close(),
                    Command::Enable => {}
                }
                own.command(command, "me".to_owned(), now);
            }
            _ => {}
        }
        let states = (own.state, own.generation, own.leases.len());
        assert_eq!(states, (plain.state, plain.generation, plain.places.len()), "seed {seed}");
        invariants(&before, &own, &settings);
    }
    let t = &own.totals;
    assert_eq!(t.success + t.failure + t.timeout + t.neutral, settled, "I7");
    comes_back(own, &settings, uptime, seed);
}

/// I3: whatever happened, a probe is let through again without anybody's doing.
fn comes_back(mut record: Record, settings: &Settings, mut uptime: Millis, seed: u64) {
    if matches!(record.state, State::ForcedOpen | State::Disabled) {
        return;
    }
    // A place that is held too long is taken away, which opens the breaker once more.
    for _ in 0..2 {
        uptime += settings.open_max.max(settings.probe_lease) + 1;
        let now = record.now(&at(uptime));
        if let Admission::Go(_) = record.admit(settings, now, &holder(1), |_| false, 0.0) {
            return;
        }
    }
    panic!("seed {seed}: never again: {record:?}");
}

#[test]
fn any_sequence_of_events_moves_as_the_plain_machine_does() {
    (0..100_000).for_each(sequence);
}

#[test]
fn the_window_is_exact() {
    let mut draw = Draw(3);
    let settings = Settings { threshold: 5, window: 60_000, ..Settings::default() };
    let (mut own, mut now, mut times) = (record(), 0, Vec::new());
    for _ in 0..1_000_000 {
        now += draw.below(30_000) as Millis;
        times.push(now);
        let Admission::Go(go) = own.admit(&settings, now, &holder(1), |_| false, 0.0) else {
            panic!("closed")
        };
        own.settle(&settings, go, failure(), now, 0.0);
        let expected = times.iter().rev().take_while(|t| now - **t <= 60_000).count() >= 5;
        assert_eq!(own.state == State::Open, expected);
        if expected {
            own.command(Command::Reset, String::new(), now);
            times.clear();
        }
    }
}

/// Opened at an uptime of 100 s.
fn opened(settings: &Settings) -> Record {
    let mut own = record();
    for _ in 0..settings.threshold {
        let now = own.now(&at(100_000));
        if let Admission::Go(go) = own.admit(settings, now, &holder(1), |_| false, 0.0) {
            own.settle(settings, go, failure(), now, 0.0);
        }
    }
    assert_eq!(own.state, State::Open);
    own
}

fn goes(own: &Record, settings: &Settings, reading: &Reading) -> bool {
    let mut own = own.clone();
    let now = own.now(reading);
    matches!(own.admit(settings, now, &holder(2), |_| true, 0.0), Admission::Go(_))
}

#[test]
fn clocks_that_step_and_machines_that_start_anew_do_not_change_the_wait() {
    const HOUR: Millis = 3_600_000;
    const YEARS: Millis = 10 * 365 * 24 * HOUR;
    let settings = Settings::default();
    let own = opened(&settings);
    for step in [0, -HOUR, HOUR, -YEARS, YEARS] {
        let reading = |uptime| Reading { wall: 1_000_000 + uptime + step, ..at(uptime) };
        assert!(!goes(&own, &settings, &reading(159_000)), "{step}");
        assert!(goes(&own, &settings, &reading(160_000)), "{step}");
        // Another boot began when the breaker opened: the wall clock may know better.
        let reading = |uptime| Reading {
            boot: Some("next".to_owned()),
            uptime,
            wall: 1_100_000 + uptime + step,
        };
        assert_eq!(goes(&own, &settings, &reading(59_000)), step > 0, "{step}");
        assert!(goes(&own, &settings, &reading(60_000)), "{step}");
    }
}

#[test]
fn without_a_boot_id_the_record_follows_the_wall_clock_back() {
    let settings = Settings::default();
    let plain = |wall| Reading { boot: None, uptime: 0, wall };
    let mut own = opened(&settings);
    own.now(&plain(1_100_000));
    let back = own.now(&plain(500_000));
    assert_eq!(back, 500_000);
    assert!(!goes(&own, &settings, &plain(559_000)));
    assert!(goes(&own, &settings, &plain(560_000)));
}

#[test]
fn a_late_result_changes_totals_only() {
    let settings = Settings { threshold: 1, ..Settings::default() };
    let mut own = record();
    let admit = |own: &mut Record, now| match own.admit(&settings, now, &holder(1), |_| false, 0.0)
    {
        Admission::Go(go) => go,
        Admission::No(refusal) => panic!("{refusal:?}"),
    };
    let late: Vec<Go> = (0..1_000).map(|_| admit(&mut own, 0)).collect();
    let last = admit(&mut own, 0);
    own.settle(&settings, last, failure(), 0, 0.0);
    let opened = own.clone();
    for (number, go) in late.into_iter().enumerate() {
        own.settle(&settings, go, outcome(number as u64 % 8), 10, 0.0);
    }
    own.totals = opened.totals.clone();
    assert_eq!(own, opened);
}

#[test]
fn a_probe_that_hangs_opens_the_breaker_again() {
    let settings = Settings { open_multiplier: 2.0, ..Settings::default() };
    let mut own = opened(&settings);
    let start = own.open_until.unwrap();
    let ask = |own: &mut Record, now| own.admit(&settings, now, &holder(1), |_| false, 0.0);
    let Admission::Go(probe) = ask(&mut own, start) else { panic!() };
    let refused = ask(&mut own, start + 1);
    let Admission::No(Refusal { state: State::HalfOpen, retry_in: Some(lease) }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(lease, settings.probe_lease - 1);
    let overdue = start + settings.probe_lease + 1;
    let again = ask(&mut own, overdue);
    assert_eq!(
        again,
        Admission::No(Refusal { state: State::Open, retry_in: Some(2 * settings.open_for) })
    );
    assert_eq!(own.totals.lost_overran, 1);
    // It comes back after all.
    own.settle(&settings, probe, Outcome::Success, overdue + 5, 0.0);
    assert_eq!(own.state, State::Open);
}

#[test]
fn waits_grow_to_their_end_and_are_never_shortened() {
    let settings = Settings { open_multiplier: 1e300, ..Settings::default() };
    let mut own = opened(&settings);
    for _ in 0..3 {
        let now = own.open_until.unwrap();
        let Admission::Go(go) = own.admit(&settings, now, &holder(1), |_| false, 0.0) else {
            panic!()
        };
        own.settle(&settings, go, failure(), now, 0.999);
        let wait = own.open_until.unwrap() - now;
        assert!((settings.open_max..settings.open_max * 11 / 10).contains(&wait), "{wait}");
    }
}

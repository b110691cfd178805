//! All stacks that were asked for, as they are found, and as they are shown.

use super::counted;
use super::judged::Judged;
use super::tally::Tally;
use super::{ComposeArgs, Format, concise, full, github, sarif, statistics, summary};
use crate::compose::{Need, Policy, Request, Stack, Unreadable};
use crate::core::clock::Stopwatch;
use crate::core::context::Context;
use crate::core::error::Fault;
use crate::core::exit::Exit;

pub(super) struct Report<'a> {
    args: &'a ComposeArgs,
    policy: &'a Policy,
    ctx: &'a Context,
    pub(super) tally: Tally,
    /// Those that a document is made of. What is text is told stack by stack, so that none has to be kept.
    stacks: Vec<Judged>,
    unreadable: Vec<Unreadable>,
    /// Of each ignore of the configuration, over all stacks.
    ignores: Vec<Need>,
}

impl<'a> Report<'a> {
    pub(super) fn new(args: &'a ComposeArgs, policy: &'a Policy, ctx: &'a Context) -> Self {
        Self {
            args,
            policy,
            ctx,
            tally: Tally::default(),
            stacks: Vec::new(),
            unreadable: Vec::new(),
            ignores: vec![Need::default(); policy.ignores.len()],
        }
    }

    /// Reads a stack, judges it, and tells of it.
    pub(super) fn add(&mut self, request: &Request) -> Result<(), Fault> {
        let watch = Stopwatch::start();
        match Stack::read(request) {
            Ok(stack) => self.judge(stack, request, watch),
            Err(error) => {
                self.cannot(error);
                Ok(())
            }
        }
    }

    /// Takes note of a stack that cannot be read.
    pub(super) fn cannot(&mut self, error: Unreadable) {
        counted::unreadable(self.ctx);
        self.unreadable.push(error);
    }

    /// Judges a stack whose reading `watch` has measured, and tells of it.
    pub(super) fn judge(
        &mut self,
        stack: Stack,
        request: &Request,
        watch: Stopwatch,
    ) -> Result<(), Fault> {
        let verdict = stack.verdict(self.policy);
        for (all, own) in self.ignores.iter_mut().zip(&verdict.ignores) {
            all.is_there |= own.is_there;
            all.is_used |= own.is_used;
        }
        let stack = Judged::new(stack, request, verdict);
        counted::stack(&stack, watch.elapsed(), self.ctx);
        self.tally.add(&stack);
        if self.args.rules.statistics {
            return Ok(());
        }
        let out = &self.ctx.out;
        let text = match self.args.format {
            Format::Json | Format::Sarif => {
                self.stacks.push(stack);
                return Ok(());
            }
            Format::Full if stack.findings.is_empty() => String::new(),
            Format::Full => full::render(&stack, out.is_colored(), summary::width(self.ctx)) + "\n",
            Format::Concise => concise::render(&stack),
            Format::Github => github::render(&stack),
        };
        if text.is_empty() { Ok(()) } else { out.result(text.as_bytes()) }
    }

    /// What there is to say in the end.
    pub(super) fn finish(&self) -> anyhow::Result<()> {
        counted::check(&self.tally, self.ctx);
        self.tell_unused();
        let (ctx, tally) = (self.ctx, &self.tally);
        if self.args.rules.statistics {
            return statistics::show(tally, self.args.format, ctx);
        }
        let host = &self.policy.settings.host;
        match self.args.format {
            Format::Full => ctx.out.result(summary::end(tally, host, ctx).as_bytes())?,
            Format::Json => {
                let document = summary::document(&self.stacks, tally, host, &self.unreadable);
                ctx.out.json(&document)?;
            }
            Format::Sarif => ctx.out.json(&sarif::log(&self.stacks))?,
            Format::Concise | Format::Github => {}
        }
        Ok(())
    }

    /// Ignores of the configuration that are about something that is there, and that nothing is found for.
    fn tell_unused(&self) {
        for (ignore, need) in self.policy.ignores.iter().zip(&self.ignores) {
            if need.is_there && !need.is_used {
                let (code, place) = (ignore.selector.as_str(), &ignore.place);
                let text = format!(
                    "the configuration ignores {code} in {place}, and nothing is found there"
                );
                self.ctx.out.warn(text);
            }
        }
    }

    /// Says which files could not be read.
    pub(super) fn tell_unreadable(&self) {
        for error in &self.unreadable {
            self.ctx.out.error(&anyhow::anyhow!(error.to_string()), None);
        }
    }

    pub(super) fn exit(&self) -> Exit {
        match (self.unreadable.is_empty(), self.tally.any(self.args.fail_on)) {
            (false, _) => Exit::Failed,
            (true, true) => Exit::Findings,
            (true, false) => Exit::Done,
        }
    }
}

//! A block of paths, looked up by step: splits by step and column, crashes by path.

use crate::price::{BlockCrash, PathBlock, Split};

/// Buffers of the look-up.
#[derive(Clone, Debug, Default)]
pub(super) struct BlockIndex {
    /// Where the splits of each step and column begin in `order`.
    first: Vec<u32>,
    /// Numbers of splits by step, column, path and time.
    order: Vec<u32>,
    /// Where the crashes of each path begin.
    crash: Vec<u32>,
}

/// A block with its look-up.
#[derive(Clone, Copy)]
pub(super) struct BlockPaths<'a> {
    pub block: &'a PathBlock,
    index: &'a BlockIndex,
}

impl BlockIndex {
    /// Sorts the block's splits by step and column; they come by path, column and time.
    pub fn build<'a>(&'a mut self, block: &'a PathBlock) -> BlockPaths<'a> {
        let columns = block.columns();
        let key = |split: &Split| split.step * columns + split.column;
        self.first.clear();
        self.first.resize(block.steps() * columns + 1, 0);
        for split in block.splits() {
            self.first[key(split)] += 1;
        }
        let mut total = 0;
        for entry in &mut self.first {
            total += core::mem::replace(entry, total);
        }
        self.order.clear();
        self.order.resize(block.splits().len(), 0);
        for (number, split) in block.splits().iter().enumerate() {
            let place = &mut self.first[key(split)];
            self.order[*place as usize] = number as u32;
            *place += 1;
        }
        // Each entry has moved on to where the next begins.
        self.first.rotate_right(1);
        self.first[0] = 0;
        self.crash.clear();
        let mut next = 0;
        for path in 0..=block.paths() {
            next += block.crashes()[next..].iter().take_while(|crash| crash.path < path).count();
            self.crash.push(next as u32);
        }
        BlockPaths { block, index: self }
    }
}

impl<'a> BlockPaths<'a> {
    /// The splits of a column inside a step, by path and time.
    pub fn splits(&self, step: usize, column: usize) -> impl DoubleEndedIterator<Item = &'a Split> + use<'a> {
        let (block, key) = (self.block, step * self.block.columns() + column);
        let numbers = &self.index.order[self.index.first[key] as usize..self.index.first[key + 1] as usize];
        numbers.iter().map(|&number| &block.splits()[number as usize])
    }

    /// The splits of one path's column inside a step, by time.
    pub fn splits_of(
        &self,
        step: usize,
        column: usize,
        path: usize,
    ) -> impl Iterator<Item = &'a Split> + use<'a> {
        let (block, key) = (self.block, step * self.block.columns() + column);
        let numbers = &self.index.order[self.index.first[key] as usize..self.index.first[key + 1] as usize];
        let of = |number: &u32| block.splits()[*number as usize].path;
        let from = numbers.partition_point(|number| of(number) < path);
        let splits = numbers[from..].iter().map(|&number| &block.splits()[number as usize]);
        splits.take_while(move |split| split.path == path)
    }

    /// The crashes of a path, by time.
    pub fn crashes(&self, path: usize) -> &'a [BlockCrash] {
        let (from, to) = (self.index.crash[path] as usize, self.index.crash[path + 1] as usize);
        &self.block.crashes()[from..to]
    }
}

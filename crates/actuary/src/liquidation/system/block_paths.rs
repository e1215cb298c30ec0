//! A block of paths, looked up by step: splits by step and column, crashes by path.

use crate::price::{BlockCrash, PathBlock, Split};

/// Buffers of the look-up.
#[derive(Clone, Debug, Default)]
pub(super) struct BlockIndex {
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
    /// Finds where the crashes of each path begin.
    pub fn build<'a>(&'a mut self, block: &'a PathBlock) -> BlockPaths<'a> {
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
    #[inline]
    pub fn splits(&self, step: usize, column: usize) -> &'a [Split] {
        self.block.cell_splits(step, column)
    }

    /// The splits of one path's column inside a step, by time.
    pub fn splits_of(&self, step: usize, column: usize, path: usize) -> &'a [Split] {
        let splits = self.splits(step, column);
        let splits = &splits[splits.partition_point(|split| split.path < path)..];
        &splits[..splits.iter().take_while(|split| split.path == path).count()]
    }

    /// The crashes of a path, by time.
    pub fn crashes(&self, path: usize) -> &'a [BlockCrash] {
        let (from, to) = (self.index.crash[path] as usize, self.index.crash[path + 1] as usize);
        &self.block.crashes()[from..to]
    }
}

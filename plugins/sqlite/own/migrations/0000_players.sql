CREATE TABLE `players` (
	`player_id` text PRIMARY KEY NOT NULL,
	`currency` text NOT NULL,
	`balance_minor` integer NOT NULL,
	`updated_at` integer NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
) STRICT, WITHOUT ROWID;

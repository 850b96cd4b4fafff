CREATE TABLE "players" (
	"player_id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"currency" text NOT NULL,
	"balance_minor" bigint NOT NULL,
	"updated_at" bigint NOT NULL DEFAULT (extract(epoch from clock_timestamp()) * 1000)
);

-- +goose Up
create schema warehouse;
create schema staging;

-- +goose Down
drop schema staging cascade;
drop schema warehouse cascade;

terraform {
  required_providers {
    airbyte = {
      source = "airbytehq/airbyte"
    }
  }
}

variable "name" {
  type = string
}

variable "credentials" {
  type = object({
    account_id    = string
    client_id     = string
    client_secret = string
  })
  sensitive = true
}

variable "workspace_id" {
  type = string
}

variable "definition_id" {
  type = string
}

variable "destination_id" {
  type = string
}

locals {
  # Not all accounts at the same minute, and each always at its own.
  minute = parseint(substr(sha256(var.name), 0, 6), 16) % 60

  incremental = [
    "report_meetings",
    "report_meeting_participants",
    "report_webinars",
    "report_webinar_participants",
  ]
  full = ["users", "meetings", "meeting_registrants", "webinars", "webinar_registrants"]
}

resource "airbyte_source_custom" "zoom" {
  name          = "Zoom ${var.name}"
  workspace_id  = var.workspace_id
  definition_id = var.definition_id
  configuration = jsonencode({
    credentials = {
      auth_type     = "server_to_server"
      account_id    = var.credentials.account_id
      client_id     = var.credentials.client_id
      client_secret = var.credentials.client_secret
    }
  })
}

resource "airbyte_connection" "zoom" {
  name                 = "Zoom ${var.name}"
  source_id            = airbyte_source_custom.zoom.source_id
  destination_id       = var.destination_id
  namespace_definition = "custom_format"
  namespace_format     = "zoom_${var.name}"
  schedule = {
    schedule_type   = "cron"
    cron_expression = "0 ${local.minute} 3 * * ? UTC"
  }
  configurations = {
    streams = concat(
      [for name in local.incremental : { name = name, sync_mode = "incremental_deduped_history" }],
      [for name in local.full : { name = name, sync_mode = "full_refresh_overwrite" }],
    )
  }
}

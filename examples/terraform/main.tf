# One connection for each Zoom account, in an Airbyte that you run.
terraform {
  required_providers {
    airbyte = {
      source  = "airbytehq/airbyte"
      version = "~> 0.6"
    }
  }
}

provider "airbyte" {
  server_url    = var.server_url
  client_id     = var.client_id
  client_secret = var.client_secret
}

variable "server_url" {
  description = "Such as https://airbyte.example.com/api/public/v1"
  type        = string
}

variable "client_id" {
  type = string
}

variable "client_secret" {
  type      = string
  sensitive = true
}

variable "workspace_id" {
  type = string
}

variable "definition_id" {
  description = "Of the connector, as Airbyte shows it in the address of its page after it was added"
  type        = string
}

variable "destination_id" {
  type = string
}

variable "accounts" {
  description = "The Zoom accounts by name, each with a Server-to-Server OAuth app of its own"
  type = map(object({
    account_id    = string
    client_id     = string
    client_secret = string
  }))
}

module "zoom" {
  source   = "./account"
  for_each = var.accounts

  name           = each.key
  credentials    = each.value
  workspace_id   = var.workspace_id
  definition_id  = var.definition_id
  destination_id = var.destination_id
}
